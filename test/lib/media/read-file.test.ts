import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { giveBack } from "../../../lib/media/blocks.ts";
import { openFile } from "../../../lib/media/open-file.ts";
import { hashFile, readUpload } from "../../../lib/media/read-file.ts";
import { useTempFolder } from "./support.ts";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("readUpload", () => {
  const folder = useTempFolder();

  it("reads a file and hashes what it read", async () => {
    for (const size of [0, 1, 3_000_000]) {
      const bytes = randomBytes(size);
      const path = join(folder(), `${size}.jpg`);
      await writeFile(path, bytes);
      assert.deepEqual(await readUpload(path), { bytes, sha256: sha256(bytes) });
    }
  });

  it("takes memory again for another picture only once it was given back", async () => {
    const write = async (name: string) => {
      const path = join(folder(), `${name}.jpg`);
      await writeFile(path, name);
      return path;
    };
    const one = await readUpload(await write("one"));
    const two = await readUpload(await write("two"));
    assert.deepEqual([`${one.bytes}`, `${two.bytes}`], ["one", "two"]);
    giveBack(one.bytes);
    const three = await readUpload(await write("three"));
    assert.equal(three.bytes.buffer, one.bytes.buffer);
    assert.deepEqual([`${two.bytes}`, `${three.bytes}`], ["two", "three"]);
  });

  it("refuses what is gone, no regular file, or too large", async () => {
    const at = (name: string) => join(folder(), name);
    await mkdir(at("folder.jpg"));
    await writeFile(at("large.jpg"), "");
    await truncate(at("large.jpg"), 64 * 1024 * 1024 + 1);
    await symlink("large.jpg", at("link.jpg"));
    for (const [name, code] of [
      ["none.jpg", "FILE_GONE"],
      ["folder.jpg", "NOT_A_FILE"],
      ["link.jpg", "NOT_A_FILE"],
      ["large.jpg", "TOO_LARGE"],
    ] as const) {
      await assert.rejects(readUpload(at(name)), { name: "MediaError", code }, name);
    }
  });
});

describe("hashFile", () => {
  const folder = useTempFolder();

  it("hashes from the start, whatever was read before, and leaves the file open", async () => {
    const bytes = randomBytes(2_500_000);
    const path = join(folder(), "a.mp4");
    await writeFile(path, bytes);
    const open = await openFile(path);
    try {
      await open.file.read(Buffer.alloc(100), 0, 100);
      assert.equal(await hashFile(open, new AbortController().signal), sha256(bytes));
      assert.equal(await hashFile(open, new AbortController().signal), sha256(bytes));
      await assert.rejects(hashFile(open, AbortSignal.abort()), { name: "AbortError" });
    } finally {
      await open.file.close();
    }
  });
});
