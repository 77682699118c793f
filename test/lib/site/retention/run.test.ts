import { deepEqual, equal, ok } from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, statfsSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { RetentionResult } from "../../../../lib/domain/retention.ts";
import { DATABASE_FILE } from "../../../../lib/store/store.ts";
import { Dice } from "../../../faults/dice.ts";
import type { KillAt } from "../../../faults/statements.ts";
import { violations } from "../../../support/invariants.ts";
import { contents, dangling, expected, type Limits, wouldBeTaken } from "../../../support/retention/expected.ts";
import { rulesOf } from "../../../support/retention/rules.ts";
import { runOn } from "../../../support/retention/running.ts";
import { makeTrial, type Trial } from "../../../support/retention/trial.ts";
import { removeSmallDisks, smallDisk } from "../../../support/small-disk.ts";
import { removeTempFolders, tempFolder } from "../../../support/temp-folder.ts";

const MIXED: Limits = {
  all: { events: 30, detections: 20, pictures: 10, originals: 25 },
  yard: { events: 30, detections: 20, pictures: 5, originals: null },
};
/** Events go long before what they were made of. */
const SHORT_EVENTS: Limits = {
  all: { events: 10, detections: 40, pictures: 30, originals: null },
  yard: { events: null, detections: 1, pictures: 3, originals: 2 },
};
const NOTHING: Limits = {
  all: { events: null, detections: null, pictures: null, originals: null },
  yard: { events: null, detections: null, pictures: null, originals: null },
};
const PROCESS = join(import.meta.dirname, "../../../support/retention/process.ts");

/** Of each trial, before it may come to its end. */
const KILLS = 8;
/** Words of the statements at which a process is killed, and how many such it survives at most. */
const STATEMENTS = [
  { word: "BEGIN", most: 20 },
  { word: "INSERT INTO doomed_files", most: 20 },
  { word: "DELETE FROM doomed_files", most: 20 },
  { word: "DELETE FROM", most: 60 },
  { word: "DELETE FROM batches", most: 4 },
  { word: "UPDATE uploads SET removed_at", most: 5 },
];

function trialOf(seed: number, batches = 100, root?: string): Trial {
  return makeTrial(tempFolder(), { seed, batches, nothing: batches / 2, detectionsEach: 3 }, root);
}

/** One transaction, one look: nothing contradicts itself, whatever was going on. */
function assertSound(trial: Trial): void {
  deepEqual(violations(join(trial.dataDir, DATABASE_FILE)), []);
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  deepEqual(db.pragma("foreign_key_check"), []);
  db.close();
}

describe("retention", function () {
  this.timeout(120_000);
  afterEach(() => {
    removeSmallDisks();
    removeTempFolders();
  });

  const CASES = [
    { what: "all sorts of limits", limits: MIXED, seeds: [1, 2] },
    { what: "events that go first", limits: SHORT_EVENTS, seeds: [3] },
    { what: "no limits", limits: NOTHING, seeds: [4] },
  ];
  for (const { what, limits, seeds } of CASES) {
    for (const seed of seeds) {
      it(`leaves what an independent computation says (${what}, seed ${seed})`, async () => {
        const trial = trialOf(seed);
        const want = expected(trial, limits);
        const before = contents(trial);
        const fresh = new Set(wouldBeTaken(trial));
        await runOn(trial.dataDir, rulesOf(limits), { dryRun: true });
        deepEqual(contents(trial), before);
        const result = await runOn(trial.dataDir, rulesOf(limits));
        equal(result.error, null);
        deepEqual(contents(trial), want);
        equal(result.events, before.events.length - want.events.length);
        equal(result.inspections, before.inspections.length - want.inspections.length);
        assertSound(trial);
        deepEqual(dangling(trial), []);
        deepEqual(
          wouldBeTaken(trial).filter((path) => !fresh.has(path)),
          [],
        );
        // There is nothing more to do.
        await runOn(trial.dataDir, rulesOf(limits));
        deepEqual(contents(trial), want);
      });
    }
  }

  for (const seed of [11, 12, 13]) {
    it(`is killed again and again and comes to the same end (seed ${seed})`, async () => {
      const dice = new Dice(seed);
      const trial = trialOf(seed, 150);
      const want = expected(trial, MIXED);
      const goneBefore = dangling(trial);
      let kills = 0;
      for (let n = 0, ended: RetentionResult | null = null; !ended || n <= KILLS; n += 1) {
        ended = await live(trial, n < KILLS ? someStatement(dice) : null);
        if (!ended) kills += 1;
        assertSound(trial);
        assertMarked(trial, goneBefore);
      }
      ok(kills > 0);
      deepEqual(contents(trial), want);
      deepEqual(dangling(trial), []);
    });
  }

  it("says beforehand what will go", async () => {
    const trial = trialOf(21);
    const dry = await runOn(trial.dataDir, rulesOf(MIXED), { dryRun: true });
    const { events, batches, originals } = await runOn(trial.dataDir, rulesOf(MIXED));
    deepEqual([dry.events, dry.batches, dry.originals], [events, batches, originals]);
    ok(dry.freed_bytes > 0);
  });

  it("leaves a camera folder alone that is not the one that it was", async () => {
    const trial = trialOf(22);
    renameSync(trial.root, `${trial.root}-away`);
    const { uploads } = contents({ ...trial, root: `${trial.root}-away` });
    const result = await runOn(trial.dataDir, rulesOf(MIXED));
    deepEqual([result.originals, result.away], [0, [trial.root]]);
    renameSync(`${trial.root}-away`, trial.root);
    const left = new Set(contents(trial).uploads);
    const gone = uploads.filter((id) => !left.has(id));
    // Only of what came as bytes.
    ok(gone.length < 10, gone.join());
    ok(existsSync(trial.root));
  });

  it("keeps bytes that only a dead letter knows of", async () => {
    const trial = trialOf(24);
    const path = join(trial.dataDir, "inbox", `${"d".repeat(64)}.jpg`);
    writeFileSync(path, "picture");
    utimesSync(path, 0, 0);
    const db = new Database(join(trial.dataDir, DATABASE_FILE));
    db.prepare(`
      INSERT INTO work(node_id, stage, key, subject_id, priority, state, msg, created_ms, settled_ms)
      VALUES('detect', 'detect', 'key', 'up_bytes', 0, 'dead', ?, 0, 0)`).run(JSON.stringify({ payload: { path } }));
    db.close();
    await runOn(trial.dataDir, rulesOf(MIXED));
    ok(existsSync(path));
    const again = new Database(join(trial.dataDir, DATABASE_FILE));
    again.exec("UPDATE work SET state = 'discarded', msg = NULL WHERE key = 'key'");
    again.close();
    await runOn(trial.dataDir, rulesOf(MIXED));
    ok(!existsSync(path));
  });

  it("gives the room back to the disk, and makes more where there is too little", async () => {
    const trial = trialOf(23);
    const file = join(trial.dataDir, DATABASE_FILE);
    const before = statSync(file).size;
    const rules = rulesOf(NOTHING);
    const roomy = await runOn(trial.dataDir, rules, { space: { most: 1e12, leastFree: 1 } });
    deepEqual([roomy.short_of_space, roomy.events, roomy.originals], [false, 0, 0]);
    const tight = await runOn(trial.dataDir, rules, { space: { most: before / 2, leastFree: null } });
    ok(tight.events > 0);
    equal(tight.originals, 0);
    ok(statSync(file).size < before);
    assertSound(trial);
    const db = new Database(file, { readonly: true });
    equal(db.pragma("freelist_count", { simple: true }), 0);
    const kept = db.prepare("SELECT count(*) FROM events WHERE starred").pluck().get();
    db.close();
    ok(Number(kept) > 0);
  });

  const ORIGINALS: Limits = {
    all: { ...NOTHING.all, originals: 365 },
    yard: { ...NOTHING.yard, originals: null },
  };

  it("makes room on the cameras' disk with originals that have a limit, and with nothing else", async function () {
    const disk = smallDisk(this, 4);
    const trial = trialOf(8, 100, join(disk, "cameras"));
    const free = () => statfsSync(disk).bavail * statfsSync(disk).bsize;
    const leastFree = free() + 100_000;
    const result = await runOn(trial.dataDir, rulesOf(ORIGINALS), { space: { most: null, leastFree } });
    ok(result.originals > 0);
    deepEqual([result.events, result.inspections, result.short_of_space], [0, 0, false]);
    ok(free() >= leastFree);
    assertSound(trial);
  });

  it("leaves originals on another disk alone where the data folder is too large", async function () {
    const disk = smallDisk(this, 4);
    const trial = trialOf(9, 100, join(disk, "cameras"));
    const { size } = statSync(join(trial.dataDir, DATABASE_FILE));
    const result = await runOn(trial.dataDir, rulesOf(ORIGINALS), { space: { most: size / 2, leastFree: null } });
    ok(result.events > 0);
    equal(result.originals, 0);
    assertSound(trial);
  });
});

/** A process that runs retention and is killed at one of its statements, if there is one; null where it was. */
async function live(trial: Trial, killAt: KillAt | null): Promise<RetentionResult | null> {
  const child = fork(PROCESS, [trial.dataDir, JSON.stringify(MIXED), JSON.stringify(killAt)]);
  let result: RetentionResult | null = null;
  child.on("message", (message) => {
    result = RetentionResult.parse(message);
  });
  const [code, signal] = await once(child, "exit");
  equal(signal ?? code, result ? 0 : "SIGKILL");
  return result;
}

function someStatement(dice: Dice): KillAt {
  const { word, most } = dice.pick(STATEMENTS);
  return { afterMs: 0, n: dice.whole(1, most), word, later: dice.whole(0, 2) };
}

/** A row may name a file that is gone only while a mark says so. A few files were gone before. */
function assertMarked(trial: Trial, goneBefore: readonly string[]): void {
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  try {
    const marked = db
      .prepare<[], string>(`
      SELECT thumbnail_path FROM inspections JOIN doomed_files ON kind = 'thumbnail' AND id = inspection_id
      UNION SELECT still_path FROM inspections JOIN doomed_files ON kind = 'still' AND id = inspection_id
      UNION SELECT picture_path FROM events JOIN doomed_files ON kind = 'picture' AND id = event_id`)
      .pluck()
      .all();
    const known = new Set([...marked, ...goneBefore]);
    deepEqual(
      dangling(trial).filter((path) => !known.has(path)),
      [],
    );
  } finally {
    db.close();
  }
}
