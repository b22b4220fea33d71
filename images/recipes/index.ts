import type { Recipe } from "../types.ts";
import { linux686 } from "./linux686.ts";
import { linuxCloudAmd64 } from "./linuxCloudAmd64.ts";
import { seabios } from "./seabios.ts";

/** Every recipe there is. */
export const RECIPES: readonly Recipe[] = [seabios, linuxCloudAmd64, linux686];
