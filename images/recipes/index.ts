import type { Recipe } from "../types.ts";
import { grubInvaders, grubRescue, ipxe, memtest86, uBoot } from "./bootMedia.ts";
import { busyboxExt4 } from "./busyboxExt4.ts";
import { debianAmd64, debianI386 } from "./debian.ts";
import { debianInstallerAmd64, debianInstallerI386 } from "./debianInstaller.ts";
import { isolinux686 } from "./isolinux686.ts";
import { linux686, linuxCloudAmd64 } from "./linux.ts";
import {
  driveModules686,
  driveModulesCloudAmd64,
  graphicsModules686,
  isaModules686,
  virtioModules686,
  virtioModulesCloudAmd64,
} from "./modules.ts";
import { seabios } from "./seabios.ts";
import { xen } from "./xen.ts";

/** Every recipe there is. */
export const RECIPES: readonly Recipe[] = [
  seabios,
  linuxCloudAmd64,
  linux686,
  xen,
  driveModules686,
  graphicsModules686,
  driveModulesCloudAmd64,
  isaModules686,
  memtest86,
  grubRescue,
  grubInvaders,
  ipxe,
  uBoot,
  isolinux686,
  virtioModulesCloudAmd64,
  virtioModules686,
  busyboxExt4,
  debianInstallerAmd64,
  debianInstallerI386,
  debianAmd64,
  debianI386,
];
