/** The Node-RED user directory of `npm start`: a copy of the flow to change freely, and a link to this package. */
import { constants, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

const PACKAGE_ROOT = dirname(import.meta.dirname);
const FLOW = join(import.meta.dirname, "flows.json");

/** Makes the directory ready; false where it has a flow already, which stays as it is. */
export function prepareUserDir(userDir: string): { flowCopied: boolean } {
  const modules = join(userDir, "node_modules");
  mkdirSync(modules, { recursive: true });
  const link = join(modules, "node-red-contrib-vigil");
  rmSync(link, { force: true });
  symlinkSync(PACKAGE_ROOT, link, "junction");

  const flow = join(userDir, "flows.json");
  if (existsSync(flow)) return { flowCopied: false };
  copyFileSync(FLOW, flow, constants.COPYFILE_EXCL);
  return { flowCopied: true };
}
