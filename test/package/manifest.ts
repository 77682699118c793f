/** What package.json says, for the tests that hold the package to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export const root = join(import.meta.dirname, "../..");

export const manifest = z
  .object({
    name: z.string(),
    version: z.string(),
    license: z.string(),
    keywords: z.array(z.string()),
    repository: z.object({ url: z.string() }),
    engines: z.object({ node: z.string() }),
    dependencies: z.record(z.string(), z.string()),
    "node-red": z.object({ version: z.string(), nodes: z.record(z.string(), z.string()) }),
  })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

/** The names of the package's nodes: of its node sets, their types, html files and message catalogues alike. */
export const nodeNames = Object.keys(manifest["node-red"].nodes);
