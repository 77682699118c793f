import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativeWork } from "../../../lib/site/native-work.ts";
import { Store } from "../../../lib/store/store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { rows } from "../store/support.ts";

const POISON = "poison.jpg";
const PROCESS = fileURLToPath(new URL("decoding-process.ts", import.meta.url));

describe("NativeWork", () => {
  const { signal } = new AbortController();
  const ok = async () => "decoded";
  let folder: string;
  let store: Store;
  let native: NativeWork;

  beforeEach(() => {
    folder = tempFolder();
    open();
  });
  afterEach(() => store.close());
  after(removeTempFolders);

  function open(): void {
    store = Store.open(folder);
    native = new NativeWork(store, new FakeClock());
  }

  /** What the death of the process leaves: a start without an end. The next process opens the store. */
  async function die(subject: string): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const dying = Promise.withResolvers<never>();
    const work = () => {
      begun.resolve();
      return dying.promise;
    };
    const ended = native.run(subject, work, signal).catch(() => {});
    await begun.promise;
    store.close();
    dying.reject(new Error("the process is gone"));
    await ended;
    open();
  }

  const unfinished = () => Object.fromEntries(store.hazards.unfinished());

  it("leaves no trace of work that ends, well or not", async () => {
    assert.equal(await native.run("a", ok, signal), "decoded");
    await assert.rejects(
      native.run("a", () => Promise.reject(new Error("broken")), signal),
      { message: "broken" },
    );
    assert.deepEqual(unfinished(), {});
  });

  it("has the start on record, committed, before the work begins", async () => {
    const seen = await native.run("a", async () => rows(folder, "SELECT subject, starts FROM hazards"), signal);
    assert.deepEqual(seen, [{ subject: "a", starts: 1 }]);
  });

  it("counts a subject once that runs many times at once", async () => {
    const all = Array.from({ length: 10 }, () => native.run("a", async () => unfinished(), signal));
    assert.deepEqual(await Promise.all(all), Array(10).fill({ a: 1 }));
    assert.deepEqual(unfinished(), {});
  });

  it("runs what died twice alone, and forgets that once it has ended", async () => {
    await die("a");
    await die("a");
    const running = Promise.withResolvers<void>();
    const good = native.run("good", () => running.promise, signal);
    let began = false;
    const work = async () => {
      began = true;
    };
    const suspect = native.run("a", work, signal);
    await new Promise(setImmediate);
    assert.equal(began, false);
    running.resolve();
    await Promise.all([good, suspect]);
    assert.equal(began, true);
    assert.deepEqual(unfinished(), {});
  });

  it("refuses what died five times, and tries once more when told so", async () => {
    for (let n = 0; n < 5; n++) {
      native.allowOnce("a");
      await die("a");
      assert.deepEqual(unfinished(), { a: n + 1 });
    }
    await assert.rejects(native.run("a", ok, signal), { name: "MediaError", code: "CRASHED", retryable: false });
    native.allowOnce("a");
    await die("a");
    await assert.rejects(native.run("a", ok, signal), { code: "CRASHED" });
    native.allowOnce("a");
    store.close();
    open();
    assert.equal(await native.run("a", ok, signal), "decoded");
    assert.deepEqual(unfinished(), {});
  });

  it("counts each step of a subject by itself, and tries those that died once more together", async () => {
    for (let n = 0; n < 5; n++) {
      assert.equal(await native.run("a look", ok, signal), "decoded");
      await die("a thumbnail");
    }
    await assert.rejects(native.run("a thumbnail", ok, signal), { code: "CRASHED" });
    native.allowOnce("a thumb");
    await assert.rejects(native.run("a thumbnail", ok, signal), { code: "CRASHED" });
    native.allowOnce("a");
    assert.equal(await native.run("a thumbnail", ok, signal), "decoded");
  });

  it("counts no start of what is aborted before its turn", async () => {
    await die("a");
    await die("a");
    const running = Promise.withResolvers<void>();
    const closing = new AbortController();
    const good = native.run("good", () => running.promise, signal);
    const suspect = native.run("a", ok, closing.signal);
    closing.abort(new Error("closing"));
    await assert.rejects(suspect, { message: "closing" });
    assert.deepEqual(unfinished(), { a: 2, good: 1 });
    running.resolve();
    await good;
  });
});

describe("a picture that takes the process down", () => {
  const children = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  after(removeTempFolders);

  it("is tried five times, the last three alone, while the others get through", async () => {
    const folder = tempFolder();
    const names = [POISON, "good-1.jpg", "good-2.jpg", "good-3.jpg"];
    for (const [seed, name] of names.entries()) writeFileSync(join(folder, name), await scene(null, { seed }));

    const ends: unknown[] = [];
    for (let n = 0; n < 6; n++) {
      const child = spawn(process.execPath, [PROCESS, folder, ...names], { stdio: ["ignore", "inherit", "inherit"] });
      children.add(child);
      const [code, killed] = await once(child, "exit");
      children.delete(child);
      ends.push(killed ?? code);
    }

    assert.deepEqual(ends, [...Array(5).fill("SIGKILL"), 0]);
    // How many others were decoded beside it, each time that the process died.
    const company = readFileSync(join(folder, "deaths"), "utf8").trim().split("\n").map(Number);
    assert.equal(company.length, 5);
    assert.ok(
      company.slice(0, 2).every((others) => others > 0),
      String(company),
    );
    assert.deepEqual(company.slice(2), [0, 0, 0]);
    assert.deepEqual(readFileSync(join(folder, "failures"), "utf8").trim().split("\n"), [`${POISON} CRASHED`]);
    assert.deepEqual(
      rows(folder, "SELECT u.path FROM inspections JOIN uploads u USING(upload_id) ORDER BY u.path").map(
        ({ path }) => path,
      ),
      names.slice(1).map((name) => join(folder, name)),
    );
    assert.deepEqual(
      rows(folder, "SELECT starts FROM hazards").map(({ starts }) => starts),
      [5],
    );
  }).timeout(60_000);
});
