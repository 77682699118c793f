/** The package as users get it: packed, installed by npm into a fresh user directory and loaded by a real Node-RED. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { type NodeRed, type NodeRedPackage, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { assertLoaded, backUpScript, INSTALL, type NodeSets, newUserDir, nodeSetsOf, npm, pack } from "./installing.ts";
import { manifest, nodeNames, root } from "./manifest.ts";

/** Node-RED and Node together; no Node is the one that runs the tests. */
const PLACES: readonly { readonly version: NodeRedPackage; readonly node?: string }[] = [
  // As in Home Assistant's add-on; e2e:platforms has the C library of its Alpine.
  { version: "node-red-4", node: "22.16.0" },
  { version: "node-red-4" },
  { version: "node-red" },
];

/** Types that a flow may use though no node set registers them. */
const BUILT_IN_TYPES = ["tab", "group"];

const Flows = z.array(z.looseObject({ id: z.string(), type: z.string() }));
/** Folders by their names, files as objects. */
const LibraryEntries = z.array(z.union([z.string(), z.object({ fn: z.string() })]));
const Catalogue = z.record(z.string(), z.unknown());
const InstalledTree = z.object({
  packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().default(false) })),
});

/** The program of a version of Node for this machine, from its npm package. */
async function program(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = tempFolder();
  await npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline", `${name}@${version}`);
  return join(folder, "node_modules", name, "bin/node");
}

/** Files below a folder, with `/` between folders. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function megabytes(files: readonly string[]): string {
  return `${(files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6).toFixed(1)} MB`;
}

/** The text that a key such as `detect:label.url` stands for. */
function translation(catalogues: Record<string, unknown>, namespace: string, key: string): unknown {
  const steps = [namespace, ...key.split(".")];
  return steps.reduce<unknown>((value, step) => Catalogue.safeParse(value).data?.[step], catalogues);
}

describe("the repository", () => {
  it("is installed by the npm of Node 20 as by a new one", async () => {
    const folder = tempFolder();
    for (const file of ["package.json", "package-lock.json"]) cpSync(join(root, file), join(folder, file));
    await npm(folder, "exec", "--yes", "npm@10.8.2", "--", "ci", "--dry-run");
  }).timeout(60_000);
});

describe("the package", function () {
  this.timeout(180_000);

  let installed = "";
  let files: string[] = [];
  const examples = () => files.flatMap((file) => /^examples\/(.+\.json)$/.exec(file)?.[1] ?? []);
  const moduleDir = () => join(installed, "node_modules", manifest.name);

  before(async () => {
    installed = newUserDir();
    await npm(installed, ...INSTALL, await pack());
    files = filesBelow(moduleDir());
  });
  after(removeTempFolders);

  it("holds what is used and nothing else", () => {
    const known =
      /^(package\.json|README\.md|LICENSE|dist\/(lib|nodes)\/.+\.js|dist\/nodes\/.+\.(html|json|svg)|examples\/.+\.(json|yaml))$/;
    assert.deepEqual(
      files.filter((file) => !known.test(file)),
      [],
    );
    for (const file of ["README.md", "LICENSE"]) assert.ok(files.includes(file), file);
  });

  it("brings nothing that ran a script or was compiled", () => {
    const tree = readFileSync(join(installed, "node_modules/.package-lock.json"), "utf8");
    const { packages } = InstalledTree.parse(JSON.parse(tree));
    assert.ok(packages[`node_modules/${manifest.name}`]);
    assert.deepEqual(
      Object.keys(packages).filter((name) => packages[name]?.hasInstallScript),
      [],
    );
    const all = filesBelow(installed);
    assert.deepEqual(
      all.filter((file) => /(^|\/)build\/(config\.gypi|Makefile)$/.test(file)),
      [],
    );
    const sizes = [all.map((file) => join(installed, file)), files.map((file) => join(moduleDir(), file))];
    process.stdout.write(`      installed: ${sizes.map(megabytes).join(", of which the package itself ")}\n`);
  });

  it("backs a store up, which a thread from a file of its own does", async () => {
    const dataDir = join(tempFolder(), "vigil");
    await promisify(execFile)(process.execPath, [backUpScript(installed), dataDir]);
    assert.ok(statSync(join(dataDir, "backup", "vigil.db")).size > 0);
  });

  it("brings vigil-replay", async () => {
    const { stdout } = await promisify(execFile)(join(installed, "node_modules/.bin/vigil-replay"), ["--help"]);
    assert.match(stdout, /^Usage: vigil-replay /);
  });

  for (const { version, node } of PLACES) {
    describe(`in ${version}${node ? ` on Node ${node}` : ""}`, () => {
      let nodeRed: NodeRed;
      let sets: NodeSets;
      let catalogues: Record<string, unknown>;

      const json = async <T>(path: string, shape: z.ZodType<T>) =>
        shape.parse(await (await nodeRed.get(path, "application/json")).json());
      const library = (path: string) => `library/examples/flows/${manifest.name}/${encodeURI(path)}`;
      /** The examples in the Import dialog, from a folder down. */
      const offered = async (folder: string): Promise<string[]> => {
        const names: string[] = [];
        for (const entry of await json(library(folder), LibraryEntries)) {
          if (typeof entry === "string") names.push(...(await offered(`${folder}${entry}/`)));
          else names.push(`${folder}${entry.fn}.json`);
        }
        return names;
      };
      const html = async (node: string, language?: string) =>
        (await nodeRed.get(`nodes/${manifest.name}/${node}`, "text/html", language)).text();

      before(async () => {
        const userDir = join(tempFolder(), "user-dir");
        cpSync(installed, userDir, { recursive: true });
        nodeRed = await startNodeRed(version, userDir, {}, node ? [await program(node)] : undefined);
        sets = await nodeSetsOf(nodeRed);
        const core = await json("locales/node-red?lng=en-US", Catalogue);
        catalogues = { "node-red": core, ...(await json("nodes/messages?lng=en-US", Catalogue)) };
      });
      after(() => nodeRed?.stop());

      it("loads every node set", () => assertLoaded(sets));

      for (const node of nodeNames) {
        it(`shows ${node} with its form, help, texts and icon`, async () => {
          const page = await html(node);
          assert.ok(page.includes(`data-template-name="${node}"`), "the form");
          assert.ok(page.includes(`data-help-name="${node}"`), "the help");

          const namespace = `${manifest.name}/${node}`;
          const keys = [...page.matchAll(/(?:data-i18n=|\b_\()"(?:\[[\w-]+\])?(?:([^":]+):)?([^":]+)"/g)];
          assert.ok(keys.length > 0);
          for (const [, otherNamespace, key = ""] of keys) {
            const text = translation(catalogues, otherNamespace ?? namespace, key);
            assert.equal(typeof text, "string", `${otherNamespace ?? namespace}:${key}`);
          }

          const icon = /\bicon: "([^"]+)"/.exec(page)?.[1];
          assert.ok(icon && files.includes(`dist/nodes/icons/${icon}`), `the icon ${icon}`);
          const icons = await json("icons", z.record(z.string(), z.array(z.string())));
          assert.ok(icons[manifest.name]?.includes(icon));
          const served = await nodeRed.get(`icons/${manifest.name}/${icon}`, "text/html");
          assert.match(served.headers.get("content-type") ?? "", /^image\/svg\+xml/);
          assert.equal(await served.text(), readFileSync(join(moduleDir(), "dist/nodes/icons", icon), "utf8"));
        });
      }

      it("speaks German with whoever does", async () => {
        const source = (file: string) => readFileSync(join(moduleDir(), "dist/nodes/locales/de", file), "utf8");
        for (const language of ["de", "de-DE", "de-AT"]) {
          const texts = await json(`nodes/messages?lng=${language}`, Catalogue);
          for (const node of nodeNames) {
            const served = Catalogue.parse(texts[`${manifest.name}/${node}`]);
            assert.deepEqual(served, JSON.parse(source(`${node}.json`)), `${node} in ${language}`);
            const page = await html(node, language);
            assert.ok(page.includes(source(`${node}.html`).trim()), `the help of ${node} in ${language}`);
            assert.equal(page.match(/data-help-name=/g)?.length, 1);
          }
        }
      });

      it("offers examples that use every node, and known types only", async () => {
        assert.deepEqual((await offered("")).toSorted(), examples().toSorted());
        const known = new Set([...BUILT_IN_TYPES, ...sets.flatMap(({ types }) => types)]);
        const used = new Set<string>();
        for (const example of examples()) {
          const flows = await json(library(example.replace(/\.json$/, "")), Flows);
          for (const { type } of flows) used.add(type);
        }
        assert.deepEqual(
          [...used].filter((type) => !known.has(type)),
          [],
        );
        assert.deepEqual(
          nodeNames.filter((type) => !used.has(type)),
          [],
        );
      });

      it("runs every example as it is, and ends in good order", async () => {
        for (const example of examples()) {
          await nodeRed.deploy(JSON.parse(readFileSync(join(moduleDir(), "examples", example), "utf8")));
        }
        await nodeRed.stop();
        assert.doesNotMatch(nodeRed.log(), /\[error\]|\[warn\] \[/);
      });
    });
  }
});
