import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileSighting, FolderWatch, type FolderWatchOptions } from "../../../lib/media/folder-watch.ts";
import type { SettledFile } from "../../../lib/media/settle.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import type { VigilError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { jpegPicture, mkvClip, useTempFolder } from "./support.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const version = ({ relativePath, size, mtimeNs }: FileSighting) => `${relativePath} ${size} ${mtimeNs}`;

describe("FolderWatch", () => {
  const folder = useTempFolder();
  const root = () => join(folder(), "upload");
  const at = (name: string) => join(root(), name);
  let picture: Buffer;
  let watches: FolderWatch[] = [];

  before(async () => {
    picture = await jpegPicture();
  });
  afterEach(async () => {
    await Promise.all(watches.map((watch) => watch.close()));
    watches = [];
  });

  /** A watch with a ledger as the store keeps it. */
  function makeWatch(overrides: Partial<FolderWatchOptions> = {}) {
    const taken: SettledFile[] = [];
    const errors: VigilError[] = [];
    const ledger = new Set<string>();
    const watch = new FolderWatch({
      root: root(),
      polling: false,
      pollIntervalMs: 80,
      stableMs: 150,
      rescanMs: 60_000,
      clock: systemClock,
      logger: silent,
      wants: (file) => !ledger.has(version(file)),
      take: (file) => {
        assert.ok(!ledger.has(version(file)), `${file.relativePath} was taken twice`);
        ledger.add(version(file));
        taken.push(file);
      },
      onError: (error) => errors.push(error),
      ...overrides,
    });
    watches.push(watch);
    const names = () => taken.map(({ relativePath }) => relativePath);
    return {
      watch,
      taken,
      errors,
      names,
      has: (...wanted: string[]) => wanted.every((name) => names().includes(name)),
    };
  }

  async function put(name: string, bytes: Buffer | string = picture): Promise<void> {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), bytes);
  }

  for (const polling of [false, true]) {
    describe(polling ? "polling" : "with file events", () => {
      it("makes the folder and takes what comes", async () => {
        const { watch, taken, names, errors } = makeWatch({ polling });
        await watch.start();
        await put("a.jpg");
        await put("front/snap/b.jpg");
        await put("front/record/c.mkv", mkvClip());
        await eventually(() => taken.length === 3, "all are taken");
        assert.deepEqual(names().sort(), ["a.jpg", "front/record/c.mkv", "front/snap/b.jpg"]);
        assert.ok(taken.every(({ problem }) => problem === null));
        assert.deepEqual(errors, []);
      });

      it("takes what was there before, oldest first", async () => {
        const count = 40;
        for (let index = 0; index < count; index++) {
          // Their names sort the other way round.
          const name = `cam/${count - index + 100}.jpg`;
          await put(name);
          await utimes(at(name), 1_700_000_000, 1_700_000_000 + index);
        }
        const { watch, taken } = makeWatch({ polling });
        await watch.start();
        await eventually(() => taken.length === count, "all are taken");
        for (const [place, { mtimeMs }] of taken.entries()) {
          const age = mtimeMs / 1000 - 1_700_000_000;
          // Eight are looked at side by side, so neighbours may change places.
          assert.ok(Math.abs(age - place) <= 16, `the ${age}. oldest came as the ${place}.`);
        }
      });

      it("takes 200 files at once, each once", async () => {
        const { watch, taken, names } = makeWatch({ polling });
        await watch.start();
        await Promise.all(Array.from({ length: 200 }, (_, index) => put(`cam${index % 4}/${index}.jpg`)));
        await eventually(() => taken.length === 200, "all are taken");
        assert.equal(new Set(names()).size, 200);
      });

      it("waits for a file that is still written, and takes its later version as well", async () => {
        const { watch, taken } = makeWatch({ polling, stableMs: 10_000 });
        await watch.start();
        await put("a.jpg", picture.subarray(0, 500));
        await sleep(100);
        assert.equal(taken.length, 0);
        await appendFile(at("a.jpg"), picture.subarray(500));
        await eventually(() => taken.length === 1, "it is taken");
        assert.equal(taken[0]?.size, picture.length);
        // chokidar keeps changes of one file back that follow each other within 50 ms.
        await sleep(60);
        await put("a.jpg", Buffer.concat([picture, picture]));
        await eventually(() => taken.length === 2, "it is taken again");
        assert.equal(taken[1]?.size, 2 * picture.length);
      });

      it("takes files and folders that are moved into place", async () => {
        const { watch, has, names } = makeWatch({ polling });
        await watch.start();
        await put("a.part");
        await rename(at("a.part"), at("a.jpg"));
        await mkdir(join(folder(), "day/snap"), { recursive: true });
        await writeFile(join(folder(), "day/snap/b.jpg"), picture);
        await rename(join(folder(), "day"), at("day"));
        await eventually(() => has("a.jpg", "day/snap/b.jpg"), "both are taken");
        assert.equal(names().length, 2);
      });

      it("goes on when the folder was away", async () => {
        const { watch, errors, has } = makeWatch({ polling, rescanMs: 50 });
        await watch.start();
        await rename(root(), join(folder(), "away"));
        await eventually(() => errors.length === 1, "the outage is told");
        assert.equal(errors[0]?.code, "ROOT_MISSING");
        await rename(join(folder(), "away"), root());
        await put("a.jpg");
        await eventually(() => has("a.jpg"), "a.jpg is taken");
      });
    });
  }

  it("takes a whole file long before it would count as unchanged", async () => {
    const { watch, has } = makeWatch({ stableMs: 60_000 });
    await watch.start();
    await put("a.jpg");
    await eventually(() => has("a.jpg"), "it is taken");
  });

  it("passes on rejected files with the reason", async () => {
    const { watch, taken } = makeWatch();
    await watch.start();
    await put("a.jpg", "a text");
    await put("b.jpg", picture.subarray(0, 500));
    await put("c.mp4", "");
    await eventually(() => taken.length === 3, "all are judged");
    const codes = Object.fromEntries(taken.map(({ relativePath, problem }) => [relativePath, problem?.code]));
    assert.deepEqual(codes, { "a.jpg": "NOT_AN_IMAGE", "b.jpg": "TRUNCATED_IMAGE", "c.mp4": "EMPTY_FILE" });
  });

  it("ignores everything that is no regular media file", async () => {
    await put("real.jpg");
    await put("notes.txt");
    await writeFile(join(folder(), "outside.jpg"), picture);
    await mkdir(join(folder(), "elsewhere"));
    await writeFile(join(folder(), "elsewhere", "outside.jpg"), picture);
    const { watch, names, errors, has } = makeWatch({ rescanMs: 50 });
    const server = createServer();
    try {
      const add = async (suffix: string) => {
        await symlink(join(folder(), "outside.jpg"), at(`link${suffix}.jpg`));
        await symlink(join(folder(), "elsewhere"), at(`linked${suffix}`));
        await mkdir(at(`folder${suffix}.jpg`));
        execFileSync("mkfifo", [at(`fifo${suffix}.jpg`)]);
      };
      await add("1");
      server.listen(at("socket.jpg"));
      await watch.start();
      await add("2");
      await put("folder2.jpg/inside.jpg");
      await eventually(() => has("real.jpg", "folder2.jpg/inside.jpg"), "the real ones are taken");
      await watch.scan();
      await sleep(100);
      assert.deepEqual(names().sort(), ["folder2.jpg/inside.jpg", "real.jpg"]);
      assert.deepEqual(errors, []);
    } finally {
      server.close();
    }
  });

  it("finds by a scan what no event told of, at once and on its timer", async () => {
    const onDemand = makeWatch({ polling: true, pollIntervalMs: 60_000 });
    const onTimer = makeWatch({ polling: true, pollIntervalMs: 60_000, rescanMs: 50 });
    await onDemand.watch.start();
    await onTimer.watch.start();
    await put("cam/a.jpg");
    await eventually(() => onTimer.has("cam/a.jpg"), "the timer's scan found it");
    assert.deepEqual(onDemand.names(), []);
    await onDemand.watch.scan();
    await eventually(() => onDemand.has("cam/a.jpg"), "the scan found it");
  });

  it("is not held up by files that are never finished", async () => {
    const { watch, has } = makeWatch({ stableMs: 60_000 });
    await watch.start();
    await Promise.all(Array.from({ length: 100 }, (_, index) => put(`stuck/${index}.jpg`, "unfinished")));
    await sleep(100);
    await put("good.jpg");
    await eventually(() => has("good.jpg"), "the good one is taken");
  });

  it("offers a file again when taking it failed, and tells the error once", async () => {
    let refuse = true;
    const kept: string[] = [];
    const { watch, errors } = makeWatch({
      rescanMs: 50,
      wants: ({ relativePath }) => !kept.includes(relativePath),
      take: async ({ relativePath }) => {
        if (refuse) throw new Error("the store is full");
        kept.push(relativePath);
      },
    });
    await watch.start();
    await put("a.jpg");
    await eventually(() => errors.length === 1, "the error is told");
    await watch.scan();
    await watch.scan();
    refuse = false;
    await eventually(() => kept.length === 1, "it is taken");
    assert.equal(errors.length, 1);
    assert.equal(errors[0]?.code, "WATCH_FAILED");
    assert.match(errors[0]?.message ?? "", /the store is full/);
  });

  it("tells an outage once, its end, and the next outage again", async () => {
    let scans = 0;
    const { watch, errors } = makeWatch({ onScanned: () => scans++ });
    await watch.start();
    assert.equal(scans, 1);
    for (let outage = 1; outage <= 2; outage++) {
      await rm(root(), { recursive: true });
      for (let scan = 0; scan < 3; scan++) await watch.scan();
      assert.deepEqual(
        errors.map(({ code }) => code),
        Array(outage).fill("ROOT_MISSING"),
      );
      assert.equal(scans, outage === 1 ? 1 : 3);
      await mkdir(root());
      for (let scan = 0; scan < 2; scan++) await watch.scan();
    }
    assert.equal(scans, 5);
    assert.ok(errors.every(({ retryable }) => retryable));
  });

  it("sees files in a folder that was replaced, without a scan", async () => {
    const { watch, has } = makeWatch();
    await watch.start();
    await rename(root(), join(folder(), "old"));
    await mkdir(root());
    await watch.scan();
    await put("cam/a.jpg");
    await eventually(() => has("cam/a.jpg"), "it is taken");
  });

  it("watches through a link that is the root itself", async () => {
    await mkdir(join(folder(), "disk"));
    await symlink(join(folder(), "disk"), root());
    const { watch, taken, has } = makeWatch();
    await watch.start();
    await put("cam/a.jpg");
    await eventually(() => has("cam/a.jpg"), "it is taken");
    assert.equal(taken[0]?.path, at("cam/a.jpg"));
  });

  it("tells of a root that is no folder, or cannot be made", async () => {
    await writeFile(root(), "a file");
    for (const path of [root(), join(root(), "below")]) {
      const { watch, errors } = makeWatch({ root: path });
      await watch.start();
      assert.ok(errors.length > 0);
      for (const { name, code } of errors) assert.match(`${name} ${code}`, /^MediaError ROOT_(MISSING|UNREADABLE)$/);
    }
  });

  it("tells of what it may not read, and takes the rest", async () => {
    await put("closed/a.jpg");
    await put("closed.jpg");
    await put("open/b.jpg");
    await chmod(join(root(), ".."), 0o755);
    await chmod(at("closed"), 0);
    await chmod(at("closed.jpg"), 0);
    const { watch, errors, has } = makeWatch();
    try {
      becomeNobody();
      await watch.start();
      await eventually(() => has("open/b.jpg") && errors.length === 2, "the rest is taken and both are told");
      assert.deepEqual(errors.map(({ code }) => code).sort(), ["UNREADABLE_FILE", "UNREADABLE_FOLDER"]);
      becomeOneself();
      await chmod(at("closed"), 0o755);
      await chmod(at("closed.jpg"), 0o644);
      becomeNobody();
      await watch.scan();
      await eventually(() => has("closed/a.jpg", "closed.jpg"), "all are taken");
    } finally {
      becomeOneself();
    }
  });

  it("scans again when it is asked during a scan, which may be past what came", async () => {
    await put("cam/a.jpg");
    let scans = 0;
    const { watch } = makeWatch({
      onScanned: () => {
        scans += 1;
      },
    });
    await Promise.all([watch.start(), watch.scan(), watch.scan()]);
    assert.equal(scans, 2);
  });

  it("tells of a name that is not UTF-8", async function () {
    if (process.platform !== "linux") return this.skip();
    await mkdir(root());
    await writeFile(Buffer.concat([Buffer.from(`${root()}/S`), Buffer.from([0xfc]), Buffer.from("d.jpg")]), picture);
    const { watch, errors } = makeWatch();
    await watch.start();
    assert.match(errors[0]?.message ?? "", /not UTF-8/);
  });

  it("survives callbacks that throw", async () => {
    const { watch, has } = makeWatch({
      onError: () => {
        throw new Error("onError failed");
      },
      onScanned: () => {
        throw new Error("onScanned failed");
      },
    });
    await watch.start();
    await put("a.jpg");
    await eventually(() => has("a.jpg"), "it is taken");
  });

  describe("close", () => {
    it("ends while files settle, can be repeated, and nothing comes after it", async () => {
      const { watch, taken, errors } = makeWatch({ stableMs: 200 });
      await watch.start();
      await Promise.all(Array.from({ length: 30 }, (_, index) => put(`${index}.jpg`, picture.subarray(0, 500))));
      await sleep(50);
      await Promise.all([watch.close(), watch.close()]);
      await watch.close();
      await put("late.jpg");
      await watch.scan();
      await sleep(300);
      assert.deepEqual({ taken, errors }, { taken: [], errors: [] });
    });

    it("waits for a take that runs", async () => {
      let inTake = 0;
      const release = Promise.withResolvers<void>();
      const { watch } = makeWatch({
        take: async () => {
          inTake++;
          await release.promise;
          inTake--;
        },
      });
      await watch.start();
      await put("a.jpg");
      await eventually(() => inTake === 1, "it is being taken");
      const closed = watch.close();
      release.resolve();
      await closed;
      assert.equal(inTake, 0);
    });

    it("ends a start that is under way", async () => {
      for (let index = 0; index < 50; index++) await put(`${index}.jpg`);
      const { watch, taken } = makeWatch();
      const started = watch.start();
      await watch.close();
      await started;
      const before = taken.length;
      await put("late.jpg");
      await sleep(100);
      assert.equal(taken.length, before);
    });
  });
});

const NOBODY = 65_534;

/** Root may read everything, so that a test of what may not be read has to be somebody else for a while. */
function becomeNobody(): void {
  if (process.getuid?.() === 0) process.seteuid?.(NOBODY);
}

function becomeOneself(): void {
  if (process.getuid?.() === 0) process.seteuid?.(0);
}
