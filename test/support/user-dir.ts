/** A user directory of Node-RED with the built package in it, as npm links it. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./temp-folder.ts";

const ROOT = join(import.meta.dirname, "../..");

const SETTINGS = {
  editorTheme: { tours: false },
  telemetry: { enabled: false },
  // What reconnects slowly takes long to test.
  mqttReconnectTime: 200,
};

/** Made where it is not there yet; in a temporary folder unless another is named. */
export function vigilUserDir(folder = tempFolder()): string {
  const modules = join(folder, "node_modules");
  if (existsSync(modules)) return folder;
  mkdirSync(modules, { recursive: true });
  symlinkSync(ROOT, join(modules, "node-red-contrib-vigil"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { "node-red-contrib-vigil": "*" } }));
  writeFileSync(join(folder, "settings.js"), `module.exports = ${JSON.stringify(SETTINGS)};`);
  return folder;
}
