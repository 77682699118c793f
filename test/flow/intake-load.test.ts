/** A folder with 50,000 old files must neither fill the memory nor hold up a new one. */
import { ok } from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { violations } from "../support/invariants.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PROCESS = fileURLToPath(new URL("intake-load-process.ts", import.meta.url));

const FILES = 50_000;
/** ext4 allows an inode 65,000 names. */
const LINKS = 25_000;
const MOST_MEMORY = 100 * 1024 * 1024;
const LIVE_MS = 5_000;

describe("a folder of 50,000 old files", function () {
  this.timeout(120_000);
  let detector: DetectorServer;
  let vigil: ChildProcess | null = null;

  before(async function () {
    if (process.platform !== "linux") this.skip();
    detector = await startDetectorServer();
  });
  afterEach(async () => {
    if (vigil?.exitCode === null) {
      vigil.kill("SIGKILL");
      await once(vigil, "exit");
    }
  });
  after(async () => {
    await detector?.close();
    removeTempFolders();
  });

  it("takes little memory, and lets a new file through at once", async () => {
    const folder = tempFolder();
    const cameras = join(folder, "cameras");
    await fill(join(cameras, "yard"));
    // What the backlog waits for.
    detector.misbehave({ slow: 20 });
    const child = fork(PROCESS, [folder, detector.url], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    vigil = child;
    await once(child, "message");
    const idle = memoryOf(child);
    let most = idle;
    const sampling = setInterval(() => {
      most = Math.max(most, memoryOf(child));
    }, 50);
    try {
      child.send("watch");
      await detector.received(10);
      const live = async (name: string, seed: number) => {
        mkdirSync(join(cameras, "porch"), { recursive: true });
        const bytes = await scene(null, { seed });
        const begun = performance.now();
        writeFileSync(join(cameras, "porch", name), bytes);
        await eventually(() => detector.requests.some(({ fileName }) => fileName === name), name, 60_000);
        const took = performance.now() - begun;
        ok(took < LIVE_MS, `${name} took ${Math.round(took)} ms`);
      };
      await live("during-the-scan.jpg", 1);
      const db = new Database(join(folder, "data", "vigil.db"), { readonly: true });
      const count = (where: string) => db.prepare<[], number>(`SELECT count(*) FROM ${where}`).pluck().get() ?? 0;
      await eventually(() => count("uploads") === FILES + 1, "all files in the ledger", 60_000);
      await live("after-it.jpg", 2);
      ok(count("work WHERE state = 'queued'") <= 64);
      ok(count("uploads WHERE state = 'found'") > FILES / 2);
      const taken = most - idle;
      db.close();
      ok(taken < MOST_MEMORY, `it took ${Math.round(taken / 1024 / 1024)} MB`);
    } finally {
      clearInterval(sampling);
    }
    child.send("stop");
    await once(child, "exit");
    ok(violations(join(folder, "data", "vigil.db")).length === 0);
  });
});

/** Fills a folder with names of a few files that are an hour old. */
async function fill(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const bytes = await scene(null, { width: 64, height: 48 });
  const hourAgo = Date.now() / 1000 - 3600;
  for (let file = 0; file < FILES; file += LINKS) {
    const path = join(folder, `${file}.jpg`);
    writeFileSync(path, bytes);
    utimesSync(path, hourAgo, hourAgo);
    for (let name = file + 1; name < file + LINKS; name++) linkSync(path, join(folder, `${name}.jpg`));
  }
}

/** The resident memory of a process in bytes. */
function memoryOf({ pid }: ChildProcess): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
