import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readlinkSync, realpathSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { removeLeftovers, writeFileAtomic } from "../../../lib/media/write-file.ts";
import { fillDisk, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { useTempFolder } from "./support.ts";

/** The paths of what is flushed to the disk while `work` runs, in order. */
async function flushesOf(work: () => Promise<void>): Promise<string[]> {
  const handle = await open(import.meta.dirname);
  await handle.close();
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  const { sync } = prototype;
  const paths: string[] = [];
  prototype.sync = function (this: FileHandle) {
    paths.push(readlinkSync(`/proc/self/fd/${this.fd}`));
    return sync.call(this);
  };
  try {
    await work();
  } finally {
    prototype.sync = sync;
  }
  return paths;
}

describe("writeFileAtomic", () => {
  const folder = useTempFolder();

  it("makes the folder, writes and replaces", async () => {
    const path = join(folder(), "a", "b", "c.jpg");
    await writeFileAtomic(path, Buffer.from("first"));
    await writeFileAtomic(path, Buffer.from("second"), { flush: true });
    assert.equal(await readFile(path, "utf8"), "second");
    assert.deepEqual(await readdir(join(folder(), "a", "b")), ["c.jpg"]);
  });

  it("is never seen half written", async () => {
    const path = join(folder(), "a.bin");
    const versions = ["x", "y"].map((letter) => Buffer.alloc(1_000_000, letter));
    await writeFileAtomic(path, Buffer.alloc(1_000_000, "x"));
    let writing = true;
    const writes = Promise.all(versions.flatMap((bytes) => [1, 2, 3].map(() => writeFileAtomic(path, bytes)))).finally(
      () => {
        writing = false;
      },
    );
    while (writing) {
      const seen = await readFile(path);
      assert.ok(versions.some((version) => version.equals(seen)));
    }
    await writes;
    assert.deepEqual(await readdir(folder()), ["a.bin"]);
  });

  it("flushes the file and then its folder, and the folder that a new one is in", async function () {
    // Only there has an open file a path.
    if (process.platform !== "linux") this.skip();
    const flushed = await flushesOf(async () => {
      await writeFileAtomic(join(folder(), "a", "b", "c.jpg"), Buffer.from("bytes"), { flush: true });
      await writeFileAtomic(join(folder(), "a", "b", "d.jpg"), Buffer.from("bytes"), { flush: true });
      await writeFileAtomic(join(folder(), "e", "f.jpg"), Buffer.from("bytes"));
    });
    const paths = flushed.map((path) => relative(realpathSync(folder()), path).replace(/\.[^.]+\.\d+\.tmp$/, ""));
    assert.deepEqual(paths, ["a/b/c.jpg", "a/b", "a", "", "a/b/d.jpg", "a/b"]);
  });

  it("leaves nothing behind when it fails", async () => {
    const path = join(folder(), "taken");
    await mkdir(join(path, "full"), { recursive: true });
    await assert.rejects(writeFileAtomic(path, Buffer.from("bytes")), { code: "FILE_NOT_WRITTEN", retryable: true });
    assert.deepEqual(await readdir(folder()), ["taken"]);
  });

  it("says that the disk is full, which can pass, and leaves nothing behind", async function () {
    const disk = smallDisk(this, 1);
    try {
      const bytes = Buffer.alloc(2 * 1024 * 1024, 1);
      const full = { name: "StoreError", code: "DISK_FULL", retryable: true };
      await assert.rejects(writeFileAtomic(join(disk, "a.jpg"), bytes), full);
      assert.deepEqual(await readdir(disk), []);
      fillDisk(disk);
      await assert.rejects(writeFileAtomic(join(disk, "a", "b.jpg"), bytes, { flush: true }), full);
    } finally {
      removeSmallDisks();
    }
  });
});

describe("removeLeftovers", () => {
  const folder = useTempFolder();

  it("removes what killed processes left, and neither files nor what is being written", async () => {
    const left = `a.jpg.${randomUUID()}.7.tmp`;
    for (const name of [left, "a.jpg", "mine.tmp"]) await writeFile(join(folder(), name), "");
    await mkdir(join(folder(), "porch", "2026-11-20"), { recursive: true });
    await writeFile(join(folder(), "porch", "2026-11-20", left), "");
    let writing = true;
    const write = writeFileAtomic(join(folder(), "b.jpg"), Buffer.alloc(5_000_000)).finally(() => {
      writing = false;
    });
    while (writing) await removeLeftovers(folder());
    await write;
    const names = await readdir(folder(), { recursive: true });
    assert.deepEqual(names.sort(), ["a.jpg", "b.jpg", "mine.tmp", "porch", "porch/2026-11-20"]);
  });

  it("has nothing to do where there is no folder", async () => {
    await removeLeftovers(join(folder(), "none"));
  });
});
