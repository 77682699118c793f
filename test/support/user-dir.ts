/** A user directory of Node-RED with the built package in it, as npm links it, and what its nodes have stored there. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
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

/** What a store holds, read beside the Node-RED that uses it; nothing while there is none. */
export function rowsIn<T>(userDir: string, dataDir: string, sql: string): T[] {
  const file = join(userDir, dataDir, "vigil.db");
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare<[], T>(sql).all();
  } finally {
    db.close();
  }
}
