import assert from "node:assert/strict";
import { lstatSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readEnvironment } from "../../flows/environment.ts";
import { prepareUserDir } from "../../flows/user-dir.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const FLOW = readFileSync(join(ROOT, "flows/flows.json"), "utf8");
const MODULE = "node_modules/node-red-contrib-vigil";

describe("the flow of npm start", () => {
  after(removeTempFolders);

  it("takes from the environment only what the launcher sets", () => {
    const named = [...FLOW.matchAll(/"\$\{(\w+)\}"/g)].map(([, name]) => name);
    assert.equal(named.length, 8);
    const set = new Set(Object.keys(readEnvironment({})));
    assert.deepEqual(
      named.filter((name) => name === undefined || !set.has(name)),
      [],
    );
  });

  it("is copied into a new user directory, beside a link to this package", () => {
    const userDir = join(tempFolder(), "node-red");
    assert.deepEqual(prepareUserDir(userDir), { flowCopied: true });
    assert.equal(readFileSync(join(userDir, "flows.json"), "utf8"), FLOW);
    assert.equal(realpathSync(join(userDir, MODULE)), realpathSync(ROOT));
  });

  it("leaves a flow alone that was deployed from the editor", () => {
    const userDir = tempFolder();
    writeFileSync(join(userDir, "flows.json"), "[]");
    assert.deepEqual(prepareUserDir(userDir), { flowCopied: false });
    assert.deepEqual(prepareUserDir(userDir), { flowCopied: false });
    assert.equal(readFileSync(join(userDir, "flows.json"), "utf8"), "[]");
    assert.ok(lstatSync(join(userDir, MODULE)).isSymbolicLink());
  });
});
