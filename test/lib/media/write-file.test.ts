import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/media/write-file.ts";
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
    await assert.rejects(writeFileAtomic(path, Buffer.from("bytes")));
    assert.deepEqual(await readdir(folder()), ["taken"]);
  });
});
