import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, readlinkSync } from "node:fs";
import { appendFile, mkdir, open, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { Nudge } from "../../../lib/media/nudge.ts";
import { type SettledFile, type SettleOptions, settleFile } from "../../../lib/media/settle.ts";
import { type Clock, systemClock } from "../../../lib/resilience/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { aviClip, jpegPicture, mkvClip, mp4Clip, pngPicture, useTempFolder } from "./support.ts";

const STABLE_MS = 150;

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Time that only passes when a test says so. */
function stoppedClock(): Clock & { readonly timers: { ms: number; fire: () => void }[] } {
  const timers: { ms: number; fire: () => void }[] = [];
  return {
    timers,
    now: () => 0,
    monotonic: () => 0,
    after(ms, callback) {
      const cancel = () => {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
      };
      const timer = {
        ms,
        fire: () => {
          cancel();
          callback();
        },
      };
      timers.push(timer);
      return cancel;
    },
  };
}

describe("settleFile", () => {
  const folder = useTempFolder();
  const at = (name: string) => join(folder(), name);
  const settle = (name: string, options: Partial<SettleOptions> = {}) =>
    settleFile({
      root: folder(),
      relativePath: name,
      stableMs: STABLE_MS,
      clock: systemClock,
      signal: new AbortController().signal,
      decode: (work) => work(),
      ...options,
    });

  function assertWhole(file: SettledFile | null, bytes: Buffer): void {
    assert.ok(file?.problem === null);
    assert.equal(file.size, bytes.length);
    assert.equal(file.sha256, sha256(bytes));
  }

  it("takes a whole file at the first look, without any wait", async () => {
    const files: [string, Buffer][] = [
      ["a.jpg", await jpegPicture()],
      ["a.png", await pngPicture()],
      ["a.mp4", mp4Clip()],
      ["a.avi", aviClip()],
      ["a.mkv", mkvClip()],
    ];
    for (const [name, bytes] of files) {
      await writeFile(at(name), bytes);
      assertWhole(await settle(name, { clock: stoppedClock() }), bytes);
    }
  });

  it("says what it knows of the file", async () => {
    const bytes = await jpegPicture();
    await mkdir(at("cam/snap"), { recursive: true });
    await writeFile(at("cam/snap/a.jpg"), bytes);
    const stats = await stat(at("cam/snap/a.jpg"), { bigint: true });
    assert.deepEqual(await settle("cam/snap/a.jpg"), {
      relativePath: "cam/snap/a.jpg",
      path: at("cam/snap/a.jpg"),
      mediaType: "image",
      size: bytes.length,
      mtimeNs: stats.mtimeNs,
      mtimeMs: Number(stats.mtimeMs),
      ctimeMs: Number(stats.ctimeMs),
      sha256: sha256(bytes),
      problem: null,
    });
  });

  it("waits for a file that grows slowly", async () => {
    for (const [name, bytes] of [
      ["a.jpg", await jpegPicture()],
      ["a.mkv", mkvClip()],
    ] as const) {
      await writeFile(at(name), "");
      const settled = settle(name);
      const step = Math.ceil(bytes.length / 12);
      for (let sent = 0; sent < bytes.length; sent += step) {
        await sleep(30);
        await appendFile(at(name), bytes.subarray(sent, sent + step));
      }
      assertWhole(await settled, bytes);
    }
  });

  it("waits for a file that never looks whole for as long as it grows", async () => {
    await writeFile(at("a.jpg"), "");
    let over = false;
    const settled = settle("a.jpg", { stableMs: 400 }).finally(() => {
      over = true;
    });
    for (let line = 0; line < 30; line++) {
      await appendFile(at("a.jpg"), "one more line of text\n");
      await sleep(40);
      assert.equal(over, false, `after line ${line}`);
    }
    assert.equal((await settled)?.problem?.code, "NOT_AN_IMAGE");
  });

  it("waits for the second of two writes", async () => {
    const bytes = await jpegPicture();
    await writeFile(at("a.jpg"), bytes.subarray(0, 1000));
    const settled = settle("a.jpg");
    await sleep(STABLE_MS / 2);
    await appendFile(at("a.jpg"), bytes.subarray(1000));
    assertWhole(await settled, bytes);
  });

  it("takes the file that is renamed into the place of an unfinished one", async () => {
    const bytes = await jpegPicture();
    await writeFile(at("a.jpg"), bytes.subarray(0, 1000));
    await writeFile(at("b.part"), bytes);
    const settled = settle("a.jpg");
    await sleep(STABLE_MS / 2);
    await rename(at("b.part"), at("a.jpg"));
    assertWhole(await settled, bytes);
  });

  const judged: [what: string, name: string, code: string | null, bytes: () => Buffer | Promise<Buffer>][] = [
    ["a picture that breaks off", "a.jpg", "TRUNCATED_IMAGE", async () => (await jpegPicture()).subarray(0, -500)],
    ["a text under a picture's name", "a.jpg", "NOT_AN_IMAGE", () => Buffer.from("a text, no picture")],
    ["a clip under a picture's name", "a.png", "NOT_AN_IMAGE", mp4Clip],
    ["a text under a clip's name", "a.mp4", "NOT_A_VIDEO", () => Buffer.from("a text, no clip")],
    ["an empty picture", "a.jpg", "EMPTY_FILE", () => Buffer.alloc(0)],
    ["an empty clip", "a.avi", "EMPTY_FILE", () => Buffer.alloc(0)],
    [
      "a picture with bytes behind its end",
      "a.jpg",
      null,
      async () => Buffer.concat([await jpegPicture(), Buffer.from("no 4711")]),
    ],
    ["a clip that breaks off", "a.mp4", null, () => mp4Clip().subarray(0, -50)],
    ["a clip recorded as a stream", "a.mp4", null, () => Buffer.concat([mp4Clip(), Buffer.alloc(100)])],
  ];
  for (const [what, name, code, make] of judged) {
    it(`judges ${what} when it has not changed for a while: ${code ?? "good"}`, async () => {
      const bytes = await make();
      await writeFile(at(name), bytes);
      const begun = performance.now();
      const file = await settle(name);
      assert.ok(performance.now() - begun >= STABLE_MS - 1, "judged too early");
      if (code === null) assertWhole(file, bytes);
      else assert.equal(file?.problem?.code, code);
    });
  }

  const tooLarge: [what: string, name: string, bytes: () => Buffer | Promise<Buffer>, end: string][] = [
    ["a picture", "a.jpg", () => jpegPicture(), "ffd9"],
    ["a clip", "a.mp4", () => mp4Clip().fill(0, 0, 4), "00"],
  ];
  for (const [what, name, make, end] of tooLarge) {
    it(`refuses ${what} of a terabyte, and reads none of it`, async () => {
      await writeFile(at(name), await make());
      const file = await open(at(name), "r+");
      try {
        await file.write(Buffer.from(end, "hex"), 0, 1, 2 ** 40);
      } finally {
        await file.close();
      }
      assert.equal((await settle(name))?.problem?.code, "TOO_LARGE");
    });
  }

  it("gives null where there is nothing to take", async () => {
    await writeFile(at("a.txt"), await jpegPicture());
    await writeFile(at("real.jpg"), await jpegPicture());
    await symlink("real.jpg", at("link.jpg"));
    await mkdir(at("folder.jpg"));
    for (const name of ["none.jpg", "none/a.jpg", "a.txt", "link.jpg", "folder.jpg", "../outside.jpg"]) {
      assert.equal(await settle(name, { clock: stoppedClock() }), null, name);
    }
  });

  it("gives null when the file vanishes while it is waited for", async () => {
    await writeFile(at("a.jpg"), "unfinished");
    const settled = settle("a.jpg", { stableMs: 60_000 });
    await sleep(50);
    await rm(at("a.jpg"));
    assert.equal(await settled, null);
  });

  it("looks again by itself, less and less often, and often again after a nudge", async () => {
    await writeFile(at("a.jpg"), "unfinished");
    const clock = stoppedClock();
    const nudge = new Nudge();
    const abort = new AbortController();
    const settled = settle("a.jpg", { stableMs: 60_000, clock, nudge, signal: abort.signal });
    const waits: number[] = [];
    const pause = () => clock.timers.find(({ ms }) => ms !== 60_000);
    for (let look = 0; look < 8; look++) {
      await eventually(() => pause() !== undefined, "the next pause");
      waits.push(pause()?.ms ?? 0);
      pause()?.fire();
    }
    assert.deepEqual(waits, [20, 40, 80, 160, 320, 640, 1000, 1000]);
    await eventually(() => pause() !== undefined, "the next pause");
    nudge.ring();
    await eventually(() => pause()?.ms === 20, "a short pause");
    abort.abort();
    await assert.rejects(settled, { name: "AbortError" });
    assert.deepEqual(clock.timers, []);
  });

  it("looks at once when it is nudged, also when that comes during a look", async () => {
    const bytes = await jpegPicture();
    await writeFile(at("a.jpg"), bytes.subarray(0, 1000));
    const clock = stoppedClock();
    const nudge = new Nudge();
    const settled = settle("a.jpg", { clock, nudge });
    await eventually(() => clock.timers.length === 2, "it waits");
    await appendFile(at("a.jpg"), bytes.subarray(1000, 2000));
    nudge.ring();
    await nextTurn();
    await appendFile(at("a.jpg"), bytes.subarray(2000));
    nudge.ring();
    assertWhole(await settled, bytes);
  });

  it("never gives bytes that changed while they were hashed", async () => {
    const bytes = await jpegPicture();
    await writeFile(at("a.jpg"), bytes);
    let asked = 0;
    const { signal } = new AbortController();
    const throwIfAborted = () => {
      // First before the look, then before the first piece is hashed.
      if (++asked === 2) appendFileSync(at("a.jpg"), bytes);
    };
    const file = await settle("a.jpg", { signal: Object.assign(signal, { throwIfAborted }) });
    assertWhole(file, Buffer.concat([bytes, bytes]));
  });

  it("ends on abort and leaves no file open", async () => {
    await writeFile(at("a.jpg"), "unfinished");
    const abort = new AbortController();
    const settled = settle("a.jpg", { signal: abort.signal, stableMs: 60_000 });
    await sleep(30);
    abort.abort();
    await assert.rejects(settled, { name: "AbortError" });
    await assert.rejects(settle("a.jpg", { signal: abort.signal }), { name: "AbortError" });
    if (process.platform === "linux")
      assert.deepEqual(
        openFiles().filter((path) => path.startsWith(folder())),
        [],
      );
  });

  it("rejects when the root is away, which is not the file's end", async () => {
    await assert.rejects(settle("a.jpg", { root: at("none") }), { code: "ROOT_MISSING", retryable: true });
  });

  /** Paths of this process's open files. */
  function openFiles(): string[] {
    return readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  }
});
