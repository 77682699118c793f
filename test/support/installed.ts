/** Node-RED as a user has it, with Vigil as built installed, and the examples as a user imports them. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { eventually } from "./eventually.ts";
import { type NodeRed, type NodeRedPackage, startNodeRed } from "./node-red.ts";

const ROOT = join(import.meta.dirname, "../..");

const Example = z.array(z.looseObject({ id: z.string(), type: z.string(), name: z.string().default("") }));
export type Example = z.infer<typeof Example>;

/** What to set in an example's nodes, by their type or their name, which goes first. */
type Changes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Starts it in a user directory, which is made where it is not there yet. Its flows run once it, or a deploy, is there. */
export async function startInstalled(version: NodeRedPackage, userDir: string): Promise<NodeRed> {
  const modules = join(userDir, "node_modules");
  if (!existsSync(modules)) {
    mkdirSync(modules, { recursive: true });
    symlinkSync(ROOT, join(modules, "node-red-contrib-vigil"));
    const dependencies = { "node-red-contrib-vigil": "*" };
    writeFileSync(join(userDir, "package.json"), JSON.stringify({ dependencies }));
    // What reconnects slowly takes long to test.
    const settings = { mqttReconnectTime: 200, telemetry: { enabled: false } };
    writeFileSync(join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)};`);
  }
  const nodeRed = await startNodeRed(version, userDir);
  const starts = () => nodeRed.log().match(/Started flows/g)?.length ?? 0;
  const started = (times: number) => eventually(() => starts() >= times, "started flows");
  await started(1);
  return {
    ...nodeRed,
    deploy: async (flows) => {
      const before = starts();
      await nodeRed.deploy(flows);
      await started(before + 1);
    },
  };
}

export function readExample(name: string, changes: Changes = {}): Example {
  const nodes = Example.parse(JSON.parse(readFileSync(join(ROOT, "examples", `${name}.json`), "utf8")));
  return nodes.map((node) => ({ ...node, ...changes[node.type], ...changes[node.name] }));
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
