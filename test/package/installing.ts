/** The package on its way to a user: packed, installed as Node-RED's palette manager does, and its nodes in Node-RED. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { NodeRed } from "../support/node-red.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { manifest, nodeNames, root } from "./manifest.ts";

/** npm's arguments for an installation, before what is installed. */
export const INSTALL = ["install", "--omit=dev", "--engine-strict", "--no-audit", "--no-fund", "--prefer-offline"];

const NodeSets = z.array(
  z.object({
    module: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    err: z.unknown().optional(),
    types: z.array(z.string()),
  }),
);
export type NodeSets = z.infer<typeof NodeSets>;

/** npm as the machine has it, on the Node that runs the tests. */
export async function npm(cwd: string, ...args: string[]): Promise<void> {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  await promisify(execFile)("npm", args, { cwd, env: { ...process.env, PATH } });
}

/** The package as it would be published: a tarball. */
export async function pack(): Promise<string> {
  const folder = tempFolder();
  await npm(root, "pack", "--silent", "--pack-destination", folder);
  const [tarball = ""] = readdirSync(folder);
  return join(folder, tarball);
}

/** A user directory as Node-RED makes it. */
export function newUserDir(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "node-red-project", private: true }));
  return folder;
}

/** A program beside an installed package: makes a store in the folder that it is given, and backs it up. */
export function backUpScript(userDir: string): string {
  const script = join(userDir, "back-up.mjs");
  writeFileSync(
    script,
    `import { backUp } from "${manifest.name}/dist/lib/store/backup.js";
    import { Store } from "${manifest.name}/dist/lib/store/store.js";
    const [, , dataDir] = process.argv;
    const store = Store.open(dataDir);
    await backUp(dataDir, Date.now(), new AbortController().signal);
    store.close();`,
  );
  return script;
}

/** All that a Node-RED has. */
export async function nodeSetsOf(nodeRed: NodeRed): Promise<NodeSets> {
  const answer = await nodeRed.get("nodes", "application/json");
  return NodeSets.parse(await answer.json());
}

/** Fails unless each of our nodes is there and works. */
export function assertLoaded(sets: NodeSets): void {
  const ours = sets.filter(({ module }) => module === manifest.name);
  assert.deepEqual(
    ours.map(({ name, types, enabled, err }) => ({ name, types, enabled, err })),
    nodeNames.map((name) => ({ name, types: [name], enabled: true, err: undefined })),
  );
}
