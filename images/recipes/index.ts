import type { Recipe } from "../types.ts";
import { grubInvaders, grubRescue, ipxe, memtest86, uBoot } from "./bootMedia.ts";
import { driveModules686 } from "./driveModules.ts";
import { isolinux686 } from "./isolinux686.ts";
import { linux686 } from "./linux686.ts";
import { linuxCloudAmd64 } from "./linuxCloudAmd64.ts";
import { seabios } from "./seabios.ts";

/** Every recipe there is. */
export const RECIPES: readonly Recipe[] = [
  seabios,
  linuxCloudAmd64,
  linux686,
  driveModules686,
  memtest86,
  grubRescue,
  grubInvaders,
  ipxe,
  uBoot,
  isolinux686,
];
