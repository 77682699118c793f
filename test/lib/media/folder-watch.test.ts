import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, rename, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FolderWatch, type FolderWatchOptions } from "../../../lib/media/folder-watch.ts";
import type { FileSighting } from "../../../lib/media/sighting.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { MediaError, type VigilError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
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
  beforeEach(() => mkdir(root()));
  afterEach(async () => {
    await Promise.all(watches.map((watch) => watch.close()));
    watches = [];
  });

  /** A watch, and each version of a file that it told of. */
  function makeWatch(overrides: Partial<FolderWatchOptions> = {}) {
    const seen = new Map<string, FileSighting>();
    const errors: VigilError[] = [];
    const watch = new FolderWatch({
      root: root(),
      polling: false,
      pauseMs: overrides.polling ? 80 : 60_000,
      clock: systemClock,
      logger: silent,
      check: async () => {},
      isSameRoot: async () => true,
      onFiles: (files) => {
        for (const file of files) seen.set(version(file), file);
      },
      onScanned: () => {},
      onError: (error) => errors.push(error),
      ...overrides,
    });
    watches.push(watch);
    const names = () => [...new Set([...seen.values()].map(({ relativePath }) => relativePath))].sort();
    return { watch, seen, errors, names, has: (...wanted: string[]) => wanted.every((name) => names().includes(name)) };
  }

  async function put(name: string, bytes: Buffer | string = picture): Promise<void> {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), bytes);
  }

  for (const polling of [false, true]) {
    describe(polling ? "polling" : "with file events", () => {
      it("sees what comes", async () => {
        const { watch, errors, has } = makeWatch({ polling });
        await watch.scan();
        await put("a.jpg");
        await put("front/snap/b.jpg");
        await put("front/record/c.mkv", mkvClip());
        await eventually(() => has("a.jpg", "front/record/c.mkv", "front/snap/b.jpg"), "all are seen");
        assert.deepEqual(errors, []);
      });

      it("sees 200 files that come at once", async () => {
        const { watch, names } = makeWatch({ polling });
        await watch.scan();
        await Promise.all(Array.from({ length: 200 }, (_, index) => put(`cam${index % 4}/${index}.jpg`)));
        await eventually(() => names().length === 200, "all are seen");
      });

      it("takes files and folders that are moved into place", async () => {
        const { watch, has, names } = makeWatch({ polling });
        await watch.scan();
        await put("a.part");
        await rename(at("a.part"), at("a.jpg"));
        await mkdir(join(folder(), "day/snap"), { recursive: true });
        await writeFile(join(folder(), "day/snap/b.jpg"), picture);
        await rename(join(folder(), "day"), at("day"));
        await eventually(() => has("a.jpg", "day/snap/b.jpg"), "both are taken");
        assert.equal(names().length, 2);
      });

      it("goes on when the folder was away", async () => {
        const { watch, errors, has } = makeWatch({ polling, pauseMs: 50 });
        await watch.scan();
        await rename(root(), join(folder(), "away"));
        await eventually(() => errors.length === 1, "the outage is told");
        assert.equal(errors[0]?.code, "ROOT_MISSING");
        await rename(join(folder(), "away"), root());
        await put("a.jpg");
        await eventually(() => has("a.jpg"), "a.jpg is taken");
      });
    });
  }

  it("ignores everything that is no regular media file", async () => {
    await put("real.jpg");
    await put("notes.txt");
    await writeFile(join(folder(), "outside.jpg"), picture);
    await mkdir(join(folder(), "elsewhere"));
    await writeFile(join(folder(), "elsewhere", "outside.jpg"), picture);
    const { watch, names, errors, has } = makeWatch({ pauseMs: 50 });
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
      await watch.scan();
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
    const onDemand = makeWatch({ polling: true, pauseMs: 60_000 });
    const onTimer = makeWatch({ polling: true, pauseMs: 50 });
    await onDemand.watch.scan();
    await onTimer.watch.scan();
    await put("cam/a.jpg");
    await eventually(() => onTimer.has("cam/a.jpg"), "the timer's scan found it");
    assert.deepEqual(onDemand.names(), []);
    await onDemand.watch.scan();
    await eventually(() => onDemand.has("cam/a.jpg"), "the scan found it");
  });

  it("tells of files in slices, and gives way between them", async () => {
    await Promise.all(Array.from({ length: 450 }, (_, index) => put(`cam/${index}.jpg`, "")));
    const slices: number[] = [];
    let turns = 0;
    const { watch } = makeWatch({
      onFiles: ({ length }) => {
        slices.push(length);
        setImmediate(() => turns++);
      },
      onScanned: () => assert.equal(turns, slices.length),
    });
    await watch.scan();
    assert.deepEqual(slices, [200, 200, 50]);
  });

  it("believes no scan of a folder that is not to be believed, before it or after it", async () => {
    await put("a.jpg");
    const answers = [false, true, false, true, true];
    let scans = 0;
    const { watch, errors, names } = makeWatch({
      check: async () => {
        if (answers.shift() === false) throw new MediaError("ROOT_EMPTY", "not now", { retryable: true });
      },
      onScanned: () => scans++,
    });
    await watch.scan();
    assert.deepEqual([names(), scans], [[], 0]);
    await watch.scan();
    assert.deepEqual([names(), scans], [["a.jpg"], 0]);
    await watch.scan();
    assert.equal(scans, 1);
    assert.equal(errors.length, 1);
  });

  for (const how of ["a scan", "an event"]) {
    it(`tells nothing of another folder that takes the root's place before ${how} has told, and scans that`, async () => {
      let isSame = how === "an event";
      let checks = 0;
      const { watch, names } = makeWatch({
        check: async () => void checks++,
        isSameRoot: async () => isSame,
      });
      if (how === "a scan") await put("a.jpg");
      await watch.scan();
      isSame = false;
      checks = 0;
      if (how === "an event") await put("a.jpg");
      await eventually(() => checks >= 2, "a scan of what is there now");
      assert.deepEqual(names(), []);
      isSame = true;
      await watch.scan();
      assert.deepEqual(names(), ["a.jpg"]);
    });
  }

  it("scans soon after what came could not be entered", async () => {
    const clock = new FakeClock();
    let fails = true;
    let scans = 0;
    const { watch, errors } = makeWatch({
      clock,
      onFiles: () => {
        if (fails) throw new Error("the store is busy");
      },
      onScanned: () => scans++,
    });
    await watch.scan();
    await put("a.jpg");
    await eventually(() => errors.length === 1, "the error");
    fails = false;
    clock.advance(5_000);
    await eventually(() => scans === 2, "the scan");
  });

  const pauses: [string, boolean, number, number][] = [
    ["a minute after a quick scan", false, 0, 60_000],
    ["twenty times as long as a slow scan took", false, 10_000, 200_000],
    ["four times as long as a slow scan took, when it polls", true, 20_000, 80_000],
  ];
  for (const [when, polling, durationMs, pauseMs] of pauses) {
    it(`scans again ${when}`, async () => {
      const clock = new FakeClock();
      let scans = 0;
      await put("a.jpg");
      const { watch } = makeWatch({
        clock,
        polling,
        pauseMs: 60_000,
        onFiles: () => clock.advance(durationMs),
        onScanned: () => scans++,
      });
      await watch.scan();
      clock.advance(pauseMs - 1);
      assert.equal(scans, 1);
      clock.advance(1);
      await eventually(() => scans === 2, "the next scan");
    });
  }

  it("tells an outage once, its end, and the next outage again", async () => {
    let scans = 0;
    const { watch, errors } = makeWatch({ onScanned: () => scans++ });
    await watch.scan();
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
    await watch.scan();
    await rename(root(), join(folder(), "old"));
    await mkdir(root());
    await watch.scan();
    await put("cam/a.jpg");
    await eventually(() => has("cam/a.jpg"), "it is taken");
  });

  it("watches through a link that is the root itself", async () => {
    await rename(root(), join(folder(), "disk"));
    await symlink(join(folder(), "disk"), root());
    const { watch, has } = makeWatch();
    await watch.scan();
    await put("cam/a.jpg");
    await eventually(() => has("cam/a.jpg"), "it is taken");
  });

  it("tells of a root that is no folder, or is not there", async () => {
    await rmdir(root());
    await writeFile(root(), "a file");
    for (const path of [root(), join(root(), "below")]) {
      const { watch, errors } = makeWatch({ root: path });
      await watch.scan();
      assert.ok(errors.length > 0);
      for (const { name, code } of errors) assert.match(`${name} ${code}`, /^MediaError ROOT_(MISSING|UNREADABLE)$/);
    }
  });

  it("tells of what it may not read, and takes the rest", async () => {
    await put("closed/a.jpg");
    await put("open/b.jpg");
    await chmod(join(root(), ".."), 0o755);
    await chmod(at("closed"), 0);
    let scans = 0;
    const { watch, errors, has } = makeWatch({ onScanned: () => scans++ });
    try {
      becomeNobody();
      await watch.scan();
      assert.equal(scans, 0);
      assert.equal(has("open/b.jpg"), true);
      assert.deepEqual(
        errors.map(({ code }) => code),
        ["UNREADABLE_FOLDER"],
      );
      becomeOneself();
      await chmod(at("closed"), 0o755);
      becomeNobody();
      await watch.scan();
      assert.equal(has("closed/a.jpg"), true);
      assert.equal(scans, 1);
    } finally {
      becomeOneself();
    }
  });

  it("tells of a folder whose names it may read, and not what they are the names of", async function () {
    if (process.getuid?.() !== 0) return this.skip();
    await put("closed/a.jpg");
    await put("closed/b.jpg");
    await chmod(join(root(), ".."), 0o755);
    await chmod(at("closed"), 0o744);
    let scans = 0;
    const { watch, errors, has } = makeWatch({ polling: true, pauseMs: 60_000, onScanned: () => scans++ });
    try {
      becomeNobody();
      await watch.scan();
      assert.equal(scans, 0);
      assert.match(
        errors.map(({ code, message }) => `${code} ${message}`).join(),
        /^UNREADABLE_FOLDER .*closed.*EACCES\)$/,
      );
      becomeOneself();
      await chmod(at("closed"), 0o755);
      becomeNobody();
      await watch.scan();
      assert.equal(has("closed/a.jpg", "closed/b.jpg"), true);
      assert.equal(scans, 1);
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
    await Promise.all([watch.scan(), watch.scan(), watch.scan()]);
    assert.equal(scans, 2);
  });

  const LATIN_1: [string, string, (path: Buffer) => Promise<unknown>][] = [
    ["file", "d.jpg", (path) => writeFile(path, picture)],
    ["folder", "d", (path) => mkdir(path)],
  ];
  for (const [what, end, make] of LATIN_1) {
    it(`tells of a ${what}'s name that is not UTF-8`, async function () {
      if (process.platform !== "linux") return this.skip();
      await make(Buffer.concat([Buffer.from(`${root()}/S`), Buffer.from([0xfc]), Buffer.from(end)]));
      const { watch, errors } = makeWatch();
      await watch.scan();
      assert.match(errors[0]?.message ?? "", /not UTF-8/);
    });
  }

  it("lists no folder again whose mode or times have changed", async () => {
    await put("cam/a.jpg");
    const told: string[] = [];
    const { watch } = makeWatch({
      onFiles: (files) => told.push(...files.map(({ relativePath }) => relativePath)),
    });
    await watch.scan();
    for (let round = 0; round < 5; round++) {
      await chmod(at("cam"), round % 2 === 0 ? 0o750 : 0o755);
      await put(`cam/${round}.jpg`);
      await eventually(() => told.includes(`cam/${round}.jpg`), "the file that came after");
    }
    assert.equal(told.filter((name) => name === "cam/a.jpg").length, 1);
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
    await watch.scan();
    await put("a.jpg");
    await eventually(() => has("a.jpg"), "it is taken");
  });

  describe("close", () => {
    it("can be repeated, and nothing comes after it", async () => {
      const { watch, names, errors } = makeWatch({ pauseMs: 20 });
      await watch.scan();
      await Promise.all([watch.close(), watch.close()]);
      await watch.close();
      await put("late.jpg");
      await watch.scan();
      await sleep(100);
      assert.deepEqual({ names: names(), errors }, { names: [], errors: [] });
    });

    it("ends a scan that is under way", async () => {
      for (let index = 0; index < 50; index++) await put(`${index}.jpg`);
      const { watch, names } = makeWatch();
      const scan = watch.scan();
      await watch.close();
      await scan;
      assert.deepEqual(names(), []);
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
