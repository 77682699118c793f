/** Which file may import which, read from the import statements of `lib` and `nodes`. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { manifest, root } from "./package/manifest.ts";

/** The folders of `lib` that import nothing of ours, and that all others may import. */
const FOUNDATIONS = ["domain", "resilience"];
/** The one folder of `lib` that composes the others. */
const COMPOSITION = "site";
/** The files that know Node-RED. */
const GLUE = [
  "define-node.ts",
  "flow-config.ts",
  "home-assistant-node.ts",
  "node-glue.ts",
  "node-status.ts",
  "running-node.ts",
  "site-admin.ts",
  "site-node.ts",
  "trial-admin.ts",
  "vigil-home-assistant.ts",
  "vigil-site.ts",
  "wiring.ts",
];
const MAX_NODE_LINES = 100;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** Path of the imported file from the repository's root; null for a package. */
  readonly target: string | null;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const path = join(folder, file);
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

/** Static and dynamic imports, and re-exports. */
function importsOf(path: string, text: string): Import[] {
  const statements = text.matchAll(/\b(import|export)\b(\s+type\b)?(?:[\s\w*{},$]*\bfrom)?\s*\(?\s*"([^"]+)"/g);
  return [...statements].map(([, , type, specifier = ""]) => ({
    specifier,
    typeOnly: type !== undefined,
    target: specifier.startsWith(".") ? join(dirname(path), specifier) : null,
  }));
}

/** `lib/<layer>/…`: the layer. */
const layerOf = (path: string) => path.split("/")[1] ?? "";
const isNodeRed = ({ specifier }: Import) => /^(@node-red\/|node-red(\/|$))/.test(specifier);
const packageOf = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Every import that breaks a rule, as `file imports what`. */
function violations(files: readonly Source[], forbidden: (found: Import, file: Source) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports.filter((found) => forbidden(found, file)).map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
}

describe("the architecture", () => {
  const lib = sources("lib");
  const nodes = sources("nodes");

  it("reads imports of every form", () => {
    const text = [
      `import "./a.ts";`,
      `import b, { type B } from "./b.ts";`,
      `import type {\n  C,\n} from "../c.ts";`,
      `import * as d from "d";`,
      `export { e } from "./e.ts";`,
      `await import("node:f");`,
    ].join("\n");
    assert.deepEqual(importsOf("lib/x/y.ts", text), [
      { specifier: "./a.ts", typeOnly: false, target: "lib/x/a.ts" },
      { specifier: "./b.ts", typeOnly: false, target: "lib/x/b.ts" },
      { specifier: "../c.ts", typeOnly: true, target: "lib/c.ts" },
      { specifier: "d", typeOnly: false, target: null },
      { specifier: "./e.ts", typeOnly: false, target: "lib/x/e.ts" },
      { specifier: "node:f", typeOnly: false, target: null },
    ]);
  });

  for (const layer of new Set(lib.map(({ path }) => layerOf(path)))) {
    const allowed = FOUNDATIONS.includes(layer) ? [layer] : [layer, ...FOUNDATIONS];
    const range = layer === COMPOSITION ? "from anywhere in lib" : `from ${allowed.join(", ")} only`;
    it(`lets lib/${layer} import ${range}`, () => {
      const files = lib.filter(({ path }) => layerOf(path) === layer);
      const outside = ({ target }: Import) => {
        if (target === null) return false;
        return !target.startsWith("lib/") || (layer !== COMPOSITION && !allowed.includes(layerOf(target)));
      };
      assert.deepEqual(violations(files, outside), []);
    });
  }

  it("keeps Node-RED out of lib", () => {
    assert.deepEqual(violations(lib, isNodeRed), []);
  });

  it("lets only the glue know Node-RED, and only its types", () => {
    const isGlue = ({ path }: Source) => GLUE.includes(relative("nodes", path));
    assert.deepEqual(
      violations(nodes, (found, file) => isNodeRed(found) && !(found.typeOnly && isGlue(file))),
      [],
    );
  });

  it("lets nodes import lib and one another only", () => {
    const outside = ({ target }: Import) => target !== null && !/^(lib|nodes)\//.test(target);
    assert.deepEqual(violations(nodes, outside), []);
  });

  it("uses no package that an installation does not bring", () => {
    const missing = ({ target, specifier, typeOnly }: Import) =>
      target === null &&
      !typeOnly &&
      !specifier.startsWith("node:") &&
      !(packageOf(specifier) in manifest.dependencies);
    assert.deepEqual(violations([...lib, ...nodes], missing), []);
  });

  it(`keeps node files within ${MAX_NODE_LINES} lines`, () => {
    const long = nodes
      .filter(({ path }) => path !== "nodes/running-node.ts")
      .filter(({ text }) => text.trimEnd().split("\n").length > MAX_NODE_LINES);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  it("silences neither the compiler nor the linter, which refuses any", () => {
    const silenced = [...lib, ...nodes].filter(({ text }) =>
      /@ts-(ignore|expect-error|nocheck)|biome-ignore/.test(text),
    );
    assert.deepEqual(
      silenced.map(({ path }) => path),
      [],
    );
  });
});
