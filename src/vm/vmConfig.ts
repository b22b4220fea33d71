export type * from "../machine/vmConfig.ts";
