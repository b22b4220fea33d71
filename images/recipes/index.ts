import type { Recipe } from "../types.ts";
import { busyboxExt4 } from "./busyboxExt4.ts";
import { linux686 } from "./linux686.ts";
import { linuxCloudAmd64 } from "./linuxCloudAmd64.ts";
import { seabios } from "./seabios.ts";
import { virtioModules686, virtioModulesCloudAmd64 } from "./virtioModules.ts";

/** Every recipe there is. */
export const RECIPES: readonly Recipe[] = [
  seabios,
  linuxCloudAmd64,
  linux686,
  virtioModulesCloudAmd64,
  virtioModules686,
  busyboxExt4,
];
