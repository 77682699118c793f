/** A user directory of Node-RED with the built package in it, as npm links it. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./temp-folder.ts";

const ROOT = join(import.meta.dirname, "../..");

/** It leaves with the other temporary folders. */
export function vigilUserDir(): string {
  const folder = tempFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "node-red-contrib-vigil"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { "node-red-contrib-vigil": "*" } }));
  writeFileSync(
    join(folder, "settings.js"),
    "module.exports = { editorTheme: { tours: false }, telemetry: { enabled: false } };",
  );
  return folder;
}
