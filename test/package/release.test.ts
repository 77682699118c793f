/** The release script, in a repository made for it, whose gate is a script that passes or fails. */
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { root } from "./manifest.ts";

const CHANGELOG = "# Changelog\n\n## 1.2.0 (unreleased)\n\nMore.\n\n## 1.1.0 (2026-01-01)\n\nLess.\n";

describe("npm run release", function () {
  this.timeout(60_000);
  after(removeTempFolders);

  function repository(gate = "exit 0") {
    const cwd = tempFolder();
    const git = (...args: string[]) => execaSync("git", args, { cwd }).stdout;
    mkdirSync(join(cwd, ".ci"));
    writeFileSync(join(cwd, ".ci/run"), `#!/bin/sh\n${gate}\n`, { mode: 0o755 });
    writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "released", version: "1.1.0", private: true }));
    writeFileSync(join(cwd, "CHANGELOG.md"), CHANGELOG);
    git("init", "--quiet", "--initial-branch=main");
    git("config", "user.name", "tester");
    git("config", "user.email", "tester@example.org");
    git("add", "--all");
    git("commit", "--quiet", "--message", "begin");
    const release = (version: string) =>
      execaSync(process.execPath, [join(root, ".ci/release.ts"), version], { cwd, reject: false });
    return { cwd, git, release, file: (name: string) => readFileSync(join(cwd, name), "utf8") };
  }

  it("dates the changelog, sets the version, commits and tags", () => {
    const { git, release, file } = repository();
    const { exitCode, stdout } = release("1.2.0");
    equal(exitCode, 0);
    match(stdout, /Tagged v1\.2\.0/);
    match(file("CHANGELOG.md"), /^## 1\.2\.0 \(\d{4}-\d\d-\d\d\)$/m);
    equal(JSON.parse(file("package.json")).version, "1.2.0");
    equal(git("status", "--porcelain"), "");
    equal(git("describe", "--exact-match"), "v1.2.0");
  });

  it("changes nothing where the gate fails", () => {
    const { git, release } = repository("exit 1");
    equal(release("1.2.0").exitCode, 1);
    deepEqual([git("status", "--porcelain"), git("tag"), git("rev-list", "--count", "HEAD")], ["", "", "1"]);
  });

  const refusals: [
    what: string,
    says: RegExp,
    version: string,
    prepare: (made: ReturnType<typeof repository>) => void,
  ][] = [
    ["a version that is none", /Say which version/, "1.2", () => {}],
    ["another branch", /made of main/, "1.2.0", ({ git }) => git("switch", "--quiet", "--create", "other")],
    ["a changed tree", /Commit or put away/, "1.2.0", ({ cwd }) => writeFileSync(join(cwd, "new"), "")],
    ["a version that is tagged", /is there already/, "1.2.0", ({ git }) => git("tag", "v1.2.0")],
    ["a changelog without the version", /no heading "## 1\.3\.0 \(unreleased\)"/, "1.3.0", () => {}],
  ];
  for (const [what, says, version, prepare] of refusals) {
    it(`refuses ${what}`, () => {
      const made = repository("echo the gate ran; exit 1");
      prepare(made);
      const { exitCode, stdout, stderr } = made.release(version);
      equal(exitCode, 1);
      match(stderr, says);
      equal(stdout, "");
    });
  }
});
