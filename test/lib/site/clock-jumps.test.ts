import assert from "node:assert/strict";
import type { Batch } from "../../../lib/domain/batch.ts";
import { toIso } from "../../../lib/domain/time.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { BatchWindow } from "../../../lib/site/batch-window.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { dedupeStage } from "../../../lib/site/dedupe.ts";
import { Site } from "../../../lib/site/site.ts";
import type { Output } from "../../../lib/site/stage.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { detectedOf, rows, uploadOf } from "../store/support.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const WINDOW_MS = 90 * SECOND_MS;
const IDLE_MS = 30 * SECOND_MS;
/** The clock watch looks this often. */
const NOTICED_MS = 10 * SECOND_MS;

describe("a clock that was set", () => {
  let clock: FakeClock;
  let folder: string;
  let site: Site;
  let log: string[];
  let batches: BatchWindow;
  let closed: Batch[];

  beforeEach(() => {
    clock = new FakeClock();
    folder = tempFolder();
    log = [];
    open();
  });
  afterEach(async () => {
    batches.close();
    await site.close();
  });
  after(removeTempFolders);

  function open(): void {
    const note = (message: string) => log.push(message);
    const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
    site = new Site({ config: SiteConfig.parse({}), dataDir: folder, clock, logger, onMqttState: () => {} });
    closed = [];
    batches = new BatchWindow({
      site,
      nodeId: "window",
      limits: { windowMs: WINDOW_MS, idleMs: IDLE_MS, maxDetections: 100, fastLabels: [], fastConfidence: 1 },
      act: (_base, work) => take(site.store.transaction(work)),
      journal: (message) => JSON.stringify(message),
      report: (error) => assert.fail(error),
    });
    batches.start();
  }

  async function restart(): Promise<void> {
    batches.close();
    await site.close();
    open();
  }

  function take(outputs: readonly Output[]): void {
    closed.push(...outputs.map(({ payload }) => payload as Batch));
  }

  /** A picture with somebody in it, of a camera whose clock stands still: only timers close its batch. */
  const captured = toIso(Date.parse("2026-11-20T12:00:00.000Z"));
  function see(id: string): void {
    const detected = detectedOf(id, uploadOf(`up_${id}`, { captured_at: captured }));
    take(site.store.transaction((tables) => batches.stage.settle(detected, {}, tables)));
  }

  /** The content of a picture, new or a duplicate as of now. */
  function isNew(id: string): boolean {
    const { settle } = dedupeStage({ nodeId: "dedupe", windowMs: MINUTE_MS, clock });
    const upload: Upload = uploadOf(id, { received_at: toIso(clock.now()), sha256: "0".repeat(64) });
    const [output] = site.store.transaction((tables) => settle(upload, {}, tables));
    return output?.port === 0;
  }

  /** A job that a server's failure defers by a minute. */
  function defer(): void {
    const job = { nodeId: "analyze", stage: "s", key: "k", subjectId: null, cameraId: "", priority: 0 };
    const id = site.store.jobs.queue({ ...job, now: clock.now() }, "{}");
    site.store.jobs.claim("analyze", "owner");
    const nextMs = clock.now() + MINUTE_MS;
    site.store.jobs.defer(Number(id), "owner", { code: "BUSY", error: "busy", nextMs, faults: 0 });
  }
  const dueIn = () => Number(site.store.jobs.nextDue("analyze", "owner", 0)) - clock.now();

  it("is told of once, after stored times are in line", () => {
    const told: number[] = [];
    defer();
    site.bus.on("clock", new AbortController().signal, () => told.push(dueIn()));
    clock.setWall(clock.now() - HOUR_MS);
    clock.advance(MINUTE_MS);
    assert.deepEqual(told, [10 * MINUTE_MS]);
    assert.deepEqual(log, ["The system's clock was set back by 3600 s"]);
    clock.setWall(clock.now() + 24 * HOUR_MS);
    clock.advance(MINUTE_MS);
    assert.equal(told.length, 2);
    assert.equal(log[1], "The system's clock was set forward, or the machine slept, by 86400 s");
  });

  for (const byMs of [-HOUR_MS, 24 * HOUR_MS]) {
    it(`by ${byMs / HOUR_MS} h keeps no batch open for longer than its window`, () => {
      see("in_0");
      clock.advance(5 * SECOND_MS);
      clock.setWall(clock.now() + byMs);
      const opened = clock.monotonic();
      for (let n = 1; closed.length === 0; n++) {
        clock.advance(20 * SECOND_MS);
        see(`in_${n}`);
        assert.ok(clock.monotonic() - opened <= NOTICED_MS + WINDOW_MS, "it is still open");
      }
    });

    it(`by ${byMs / HOUR_MS} h while a batch is open closes a quiet one in time, and loses nothing of it`, () => {
      see("in_0");
      clock.setWall(clock.now() + byMs);
      clock.advance(IDLE_MS);
      assert.deepEqual(
        closed.map(({ uploads }) => uploads.map(({ upload_id }) => upload_id)),
        [["up_in_0"]],
      );
    });

    it(`by ${byMs / HOUR_MS} h over a restart closes what was open in time`, async () => {
      see("in_0");
      await restart();
      clock.setWall(clock.now() + byMs);
      await restart();
      clock.advance(WINDOW_MS);
      assert.equal(closed.length, 1);
    });

    it(`by ${byMs / HOUR_MS} h defers no job for longer than ten minutes`, () => {
      defer();
      clock.setWall(clock.now() + byMs);
      clock.advance(NOTICED_MS);
      assert.ok(dueIn() <= 10 * MINUTE_MS, `due in ${dueIn()} ms`);
    });

    it(`by ${byMs / HOUR_MS} h takes no content for a duplicate for longer than the window`, () => {
      assert.equal(isNew("up_1"), true);
      clock.setWall(clock.now() + byMs);
      clock.advance(NOTICED_MS);
      clock.advance(MINUTE_MS + 1);
      assert.equal(isNew("up_2"), true);
      assert.equal(isNew("up_3"), false);
    });
  }

  it("back over a restart leaves nothing stored that is ahead, and still repeats a fan-out's second branch", async () => {
    const subject = { kind: "upload", id: "up_1" } as const;
    const aired = ["{}", "{}"].map((msg) => site.store.handovers.send("n", 0, subject, msg, clock.now()));
    site.store.handovers.answer(String(aired[0]), null, clock.now());
    const receipt = { nodeId: "n", stage: "s", key: "k", subjectId: null, cameraId: "", priority: 0, now: clock.now() };
    site.store.jobs.settleAtOnce(receipt);
    site.store.roots.watch("/ftp", clock.now());
    site.store.hazards.begin("a", 1, clock.now());
    see("in_0");
    isNew("up_1");
    clock.setWall(clock.now() - HOUR_MS);
    await restart();
    const now = clock.now();
    const times = [
      "SELECT created_ms AS ms FROM handovers WHERE state <> 'taken'",
      "SELECT answered_ms AS ms FROM handovers WHERE state = 'taken'",
      "SELECT settled_ms AS ms FROM work",
      "SELECT first_seen_ms AS ms FROM roots",
      "SELECT started_ms AS ms FROM hazards",
      "SELECT opened_ms AS ms FROM batches",
      "SELECT received_ms AS ms FROM claims",
    ];
    for (const sql of times) {
      const ahead = rows(folder, sql).filter(({ ms }) => Number(ms) > now);
      assert.deepEqual([sql, ahead], [sql, []]);
    }
    clock.advance(20 * SECOND_MS);
    assert.deepEqual(site.store.handovers.toResend("n", clock.now()), aired);
  });
});
