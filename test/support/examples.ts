/** The examples as a user imports them, and fills them in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FOLDER = join(import.meta.dirname, "../../examples");

const Example = z.array(z.looseObject({ id: z.string(), type: z.string(), name: z.string().default("") }));
type Example = z.infer<typeof Example>;

/** What to set in an example's nodes, by their type or their name, which goes first. */
export type Changes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function readExample(name: string, changes: Changes = {}): Example {
  const nodes = Example.parse(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")));
  return nodes.map((node) => ({ ...node, ...changes[node.type], ...changes[node.name] }));
}
