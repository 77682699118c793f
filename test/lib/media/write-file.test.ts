import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/media/write-file.ts";
import { fillDisk, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { useTempFolder } from "./support.ts";

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
