import { deepEqual, equal, match, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs, { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { StoreError } from "../../../lib/resilience/errors.ts";
import { isNetworkFileSystem } from "../../../lib/store/network-file-system.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { fillDisk, makeReadOnly, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, removeStores } from "./support.ts";

const Refusal = z.object({ code: z.string(), retryable: z.boolean(), message: z.string() });
const TMPFS = 0x01021994n;

describe("a store that cannot be opened", () => {
  const { statfsSync } = fs;

  afterEach(() => {
    fs.statfsSync = statfsSync;
    syncBuiltinESMExports();
    closeStores();
    removeSmallDisks();
    removeStores();
  });

  const stores: Store[] = [];
  const closeStores = () => {
    for (const store of stores.splice(0)) store.close();
  };
  const open = (folder: string) => {
    const store = Store.open(folder);
    stores.push(store);
    return store;
  };

  /** The error that opening this folder throws. */
  function refusal(folder: string): StoreError {
    let refused: unknown;
    throws(
      () => open(folder),
      (error) => {
        refused = error;
        return error instanceof StoreError;
      },
    );
    if (refused instanceof StoreError) return refused;
    throw new Error("opening failed in another way");
  }

  it("says that a disk is read-only, and can be tried again", function () {
    const disk = smallDisk(this, 4);
    const known = join(disk, "known");
    open(known).close();
    mkdirSync(join(disk, "empty"));
    makeReadOnly(disk);
    for (const folder of [known, join(disk, "empty"), join(disk, "new", "vigil")]) {
      const { code, retryable, message } = refusal(folder);
      equal(code, "STORE_READ_ONLY");
      equal(retryable, true);
      match(message, /EROFS/);
      equal(message.includes(folder), true);
    }
  });

  it("says that a disk is full, gives up the ballast, and opens once there is room", function () {
    const disk = smallDisk(this, 4);
    const folder = join(disk, "vigil");
    open(folder).close();
    const giveBack = fillDisk(disk);
    for (const full of [folder, join(disk, "new")]) {
      const { code, retryable } = refusal(full);
      equal(code, "DISK_FULL");
      equal(retryable, true);
    }
    giveBack();
    writeFileSync(join(folder, "ballast"), Buffer.alloc(1_000_000, 1));
    fillDisk(disk);
    equal(refusal(folder).code, "DISK_FULL");
    equal(readdirSync(folder).includes("ballast"), false);
    open(folder).cameras.know("garden", AT);
  });

  it("can be tried again where another holds it", () => {
    const folder = tempFolder();
    openStore(folder);
    const { code, retryable } = refusal(folder);
    deepEqual([code, retryable], ["STORE_LOCKED", true]);
  });

  it("can be tried again where something unexpected is in its way", () => {
    const folder = tempFolder();
    mkdirSync(join(folder, DATABASE_FILE));
    const { code, retryable } = refusal(folder);
    deepEqual([code, retryable], ["STORE_UNUSABLE", true]);
    rmSync(join(folder, DATABASE_FILE), { recursive: true });
    open(folder);
  });

  const foreign = {
    "whose C library is too old": "process.dlopen = (module) => dlopen(module, process.argv[2]);",
    "of a kind that SQLite is not built for": 'Object.defineProperty(process, "arch", { value: "arm" });',
  };
  for (const [machine, disguise] of Object.entries(foreign)) {
    it(`says what SQLite takes, for good, on a machine ${machine}`, () => {
      const folder = tempFolder();
      const program = join(folder, "program.mjs");
      writeFileSync(
        program,
        `const { dlopen } = process;
        ${disguise}
        const { Store } = await import(${JSON.stringify(import.meta.resolve("../../../lib/store/store.ts"))});
        try {
          Store.open(${JSON.stringify(join(folder, "vigil"))});
        } catch ({ code, retryable, message }) {
          process.stdout.write(JSON.stringify({ code, retryable, message }));
        }`,
      );
      // The file of the test is no library, whatever the C library.
      const said = execFileSync(process.execPath, [program, import.meta.filename], { encoding: "utf8" });
      const { code, retryable, message } = Refusal.parse(JSON.parse(said));
      deepEqual([code, retryable], ["STORE_NO_SQLITE", false]);
      match(message, /^SQLite does not run on this machine: it takes .*glibc 2\.34.* \(.+\)$/);
    });
  }

  it("is on a network drive: refused for good, before anything is written there", () => {
    const folder = tempFolder();
    // No network drive can be had here, so the system's answer is changed.
    fs.statfsSync = ((path: string, options: { bigint: true }) => ({
      ...statfsSync(path, options),
      type: 0x6969n,
    })) as typeof statfsSync;
    syncBuiltinESMExports();
    const { code, retryable, message } = refusal(folder);
    deepEqual([code, retryable], ["STORE_NETWORK", false]);
    equal(message.includes(folder), true);
    deepEqual(readdirSync(folder), []);
  });
});

describe("isNetworkFileSystem", () => {
  const cases: [string, bigint, boolean][] = [
    ["NFS", 0x6969n, true],
    ["SMB 1", 0xff534d42n, true],
    ["SMB 3", 0xfe534d42n, true],
    ["SMB 3 on a machine of 32 bit", -0x1acb2ben, true],
    ["AFS", 0x6b414653n, true],
    ["Ceph", 0x00c36400n, true],
    ["ext4", 0xef53n, false],
    ["btrfs", 0x9123683en, false],
    ["xfs", 0x58465342n, false],
    ["zfs", 0x2fc12fc1n, false],
    ["tmpfs", TMPFS, false],
    ["overlayfs", 0x794c7630n, false],
    ["FUSE, which mergerfs is", 0x65735546n, false],
    ["9p, a folder of the host", 0x01021997n, false],
    ["what Windows answers", 0n, false],
  ];
  for (const [what, type, expected] of cases) {
    it(`${expected ? "is" : "is not"} ${what}`, () => {
      equal(isNetworkFileSystem(type), expected);
    });
  }
});
