export * from "../machine/vmError.ts";
