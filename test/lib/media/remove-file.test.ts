import { deepEqual, equal, rejects } from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeInside } from "../../../lib/media/remove-file.ts";
import { MediaError } from "../../../lib/resilience/errors.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

describe("deleting files", () => {
  afterEach(removeTempFolders);

  function folders(): { root: string; other: string } {
    const base = tempFolder();
    const root = join(base, "root");
    const other = join(base, "other");
    mkdirSync(join(root, "front"), { recursive: true });
    mkdirSync(other);
    writeFileSync(join(other, "precious.jpg"), "precious");
    writeFileSync(join(root, "front", "a.jpg"), "picture");
    return { root, other };
  }
  const remove = (root: string, path: string, isMeant = true, dryRun = false) =>
    removeInside({ root, path, isMeant: () => isMeant, dryRun });

  it("deletes what is meant, and says what it took", async () => {
    const { root } = folders();
    deepEqual(await remove(root, "front/a.jpg", true, true), { what: "removed", bytes: 7 });
    equal(existsSync(join(root, "front/a.jpg")), true);
    deepEqual(await remove(root, "front/a.jpg"), { what: "removed", bytes: 7 });
    equal(existsSync(join(root, "front/a.jpg")), false);
    deepEqual(await remove(root, "front/a.jpg"), { what: "gone" });
    deepEqual(await remove(root, "nowhere/a.jpg"), { what: "gone" });
    deepEqual(await remove(root, "front/a.jpg/b.jpg"), { what: "gone" });
  });

  it("leaves another version alone", async () => {
    const { root } = folders();
    deepEqual(await remove(root, "front/a.jpg", false), { what: "changed" });
    equal(existsSync(join(root, "front/a.jpg")), true);
  });

  const HOSTILE: [what: string, path: string][] = [
    ["a path that climbs out", "../other/precious.jpg"],
    ["a path that climbs out of a folder within", "front/../../other/precious.jpg"],
    ["a file behind a linked folder", "linked/precious.jpg"],
    ["a link to a file", "front/link.jpg"],
    ["a folder", "front"],
    ["the root", "."],
    ["what is above the root", ".."],
  ];
  for (const [what, path] of HOSTILE) {
    it(`leaves ${what} alone`, async () => {
      const { root, other } = folders();
      symlinkSync(other, join(root, "linked"));
      symlinkSync(join(other, "precious.jpg"), join(root, "front", "link.jpg"));
      deepEqual(await remove(root, path), { what: "other" });
      equal(readFileSync(join(other, "precious.jpg"), "utf8"), "precious");
      equal(existsSync(join(root, "front/link.jpg")), true);
    });
  }

  it("takes a root that is a link itself for what it leads to", async () => {
    const { root } = folders();
    symlinkSync(root, `${root}-link`);
    deepEqual(await remove(`${root}-link`, "front/a.jpg"), { what: "removed", bytes: 7 });
  });

  it("says that a root is missing, and why a file cannot be deleted", async () => {
    const { root } = folders();
    const isRetryable = (code: string) => (error: unknown) =>
      error instanceof MediaError && error.code === code && error.retryable;
    await rejects(remove(`${root}-missing`, "a.jpg"), isRetryable("ROOT_MISSING"));
    await rejects(remove(root, `front/${"a".repeat(300)}.jpg`), isRetryable("FILE_NOT_REMOVED"));
  });
});
