import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dropBallast, makeBallast } from "../../../lib/store/ballast.ts";
import { makeReadOnly, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

const MIB = 1024 * 1024;
const BLOCK = 512;

describe("the ballast", () => {
  const { signal } = new AbortController();

  afterEach(() => {
    removeSmallDisks();
    removeTempFolders();
  });

  it("takes up 32 MiB for real", async () => {
    const folder = tempFolder();
    await makeBallast(folder, signal);
    deepEqual(readdirSync(folder), ["ballast"]);
    const { size, blocks } = statSync(join(folder, "ballast"));
    equal(size, 32 * MIB);
    equal(blocks * BLOCK >= size, true, "no hole");
    const part = readFileSync(join(folder, "ballast")).subarray(0, MIB);
    equal(gzipSync(part).length > 0.9 * MIB, true, "no file system can compress it");
  });

  it("stays as it is where it is there", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "ballast"), "there");
    await makeBallast(folder, signal);
    equal(statSync(join(folder, "ballast")).size, 5);
  });

  it("takes a twentieth of a small disk at most", async function () {
    const disk = smallDisk(this, 20);
    await makeBallast(disk, signal);
    equal(statSync(join(disk, "ballast")).size, MIB);
  });

  it("is not made where less than twice its size is free", async function () {
    const disk = smallDisk(this, 20);
    writeFileSync(join(disk, "other"), Buffer.alloc(18.5 * MIB));
    await makeBallast(disk, signal);
    deepEqual(readdirSync(disk), ["other"]);
  });

  it("leaves nothing behind when it is given up, and is made over what a killed process left", async () => {
    const folder = tempFolder();
    await rejects(makeBallast(folder, AbortSignal.abort()));
    deepEqual(readdirSync(folder), []);
    writeFileSync(join(folder, "ballast.tmp"), "left");
    await makeBallast(folder, signal);
    deepEqual(readdirSync(folder), ["ballast"]);
  });

  it("is dropped, and there is no harm in dropping none", async () => {
    const folder = tempFolder();
    await makeBallast(folder, signal);
    dropBallast(folder);
    deepEqual(readdirSync(folder), []);
    dropBallast(folder);
  });

  it("is no error on a disk that has become read-only", async function () {
    const disk = smallDisk(this, 4);
    await makeBallast(disk, signal);
    makeReadOnly(disk);
    dropBallast(disk);
    deepEqual(readdirSync(disk), ["ballast"]);
  });
});
