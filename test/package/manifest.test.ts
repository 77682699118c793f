/** package.json and the lock file: what Node-RED, its catalogue and an installation on a small machine ask for. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { VERSION } from "../../lib/site/version.ts";
import { manifest, nodeNames, root } from "./manifest.ts";

const LockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().default(false),
      gypfile: z.boolean().default(true),
      hasInstallScript: z.boolean().default(false),
      inBundle: z.boolean().default(false),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

describe("package.json", () => {
  const { packages } = LockFile.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  delete packages[""];

  it("has a name, a licence and a repository as Node-RED's catalogue asks", () => {
    assert.match(manifest.name, /^(@[a-z0-9-]+\/|node-red-contrib-)[a-z0-9-]+$/);
    assert.ok(manifest.keywords.includes("node-red"));
    assert.equal(manifest.license, "Apache-2.0");
    assert.match(readFileSync(join(root, "LICENSE"), "utf8"), /Apache License\s+Version 2\.0/);
    assert.match(manifest.repository.url, /^git\+https:\/\/.+\.git$/);
  });

  it("names the oldest Node-RED and Node that it runs on", () => {
    assert.equal(manifest["node-red"].version, ">=4.1.0");
    // Node-API 10, without which better-sqlite3's binary crashes the process, came with 22.14.
    assert.equal(manifest.engines.node, ">=22.14");
  });

  it("lists every node", () => {
    const nodes = readdirSync(join(root, "nodes"))
      .filter((file) => file.endsWith(".ts"))
      .filter((file) => /^export default /m.test(readFileSync(join(root, "nodes", file), "utf8")))
      .map((file) => file.replace(/\.ts$/, ""));
    assert.deepEqual(
      manifest["node-red"].nodes,
      Object.fromEntries(nodes.map((name) => [name, `dist/nodes/${name}.js`])),
    );
    assert.ok(nodeNames.length > 0);
  });

  it("has the version that the code says it has", () => assert.equal(VERSION, manifest.version));

  it("depends on nothing that runs a script or compiles when it is installed", () => {
    const scripted = Object.entries(packages).filter(([, entry]) => !entry.dev && entry.hasInstallScript);
    assert.deepEqual(Object.fromEntries(scripted), {});
  });

  it("spares whoever runs `npm ci` a compiler and Python, which the npm of Node 20 to 24 would ask for", () => {
    // better-sqlite3's own package says so, which npm forgets each time it writes the lock file: put it back by hand.
    assert.equal(packages["node_modules/better-sqlite3"]?.gypfile, false);
  });

  it("locks every dependency by its hash and none by the address it came from", () => {
    const addressed = Object.entries(packages).filter(
      ([, { resolved, integrity, inBundle }]) => resolved !== undefined || (integrity === undefined && !inBundle),
    );
    assert.deepEqual(Object.fromEntries(addressed), {});
  });

  it("locks what other platforms need, too", () => {
    const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
    const needed = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies));
    assert.deepEqual(
      needed.filter((name) => !locked.has(name)),
      [],
    );
  });
});
