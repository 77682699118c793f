import { deepEqual, equal, match } from "node:assert/strict";
import { RetentionResult } from "../../../../lib/domain/retention.ts";
import { KnownIdentities } from "../../../../lib/site/known-identities.ts";
import { Retention } from "../../../../lib/site/retention/retention.ts";
import { eventually } from "../../../support/eventually.ts";
import { removeTempFolders } from "../../../support/temp-folder.ts";
import { batchOf, eventOf, uploadOf } from "../../store/support.ts";
import { type Rig, RunningSite } from "../running-site.ts";

const DAY = 24 * 60 * 60_000;
const HOUR_S = 60 * 60;

describe("the retention node", () => {
  let site: RunningSite;

  beforeEach(() => {
    // Noon, in a zone that keeps its clock.
    site = new RunningSite(undefined, { timeZone: "UTC" });
  });
  afterEach(async () => {
    await site.close();
    removeTempFolders();
  });

  function start(time: string | null = "03:30", dryRun = false): { rig: Rig<unknown>; retention: Retention } {
    let made: Retention | undefined;
    const rig = site.start("retention", "retention", (workspace) => {
      const limits = { events: 30 * DAY, detections: 30 * DAY, pictures: null, originals: null, gpu: null };
      const keepIf = { reviewed: false, starred: true, level: null };
      const rules = { limits, cameras: new Map(), keepIf, cap: null };
      const space = { most: null, leastFree: null };
      const retention = new Retention({ workspace, time, dryRun, rules, space, onChange: () => {} });
      made = retention;
      return {
        commands: retention.commands,
        trigger: () => retention.trigger(),
        start: () => retention.start(),
        close: () => retention.close(),
      };
    });
    if (!made) throw new Error("a node is made at once");
    return { rig, retention: made };
  }

  /** Events that came so many days ago, with batches from elsewhere. */
  function put(id: string, daysAgo: number): void {
    const created_at = new Date(site.clock.now() - daysAgo * DAY).toISOString();
    site.site.store.transaction(({ batches, events }) => {
      batches.adopt({ ...batchOf(`ba_${id}`, [uploadOf(`up_${id}`)]), detections: [] }, Date.parse(created_at));
      events.adopt(eventOf(id, { created_at }));
    });
  }
  const has = (id: string) => site.site.store.events.get(id) !== undefined;
  const results = ({ sent }: Rig<unknown>) => sent.map(({ payload }) => RetentionResult.parse(payload));

  it("runs on a message, and keeps what was starred", async () => {
    for (const id of ["old", "starred", "was_starred"]) put(id, 31);
    put("young", 29);
    const { rig } = start();
    await rig.put({ command: "star", payload: "starred" });
    await rig.put({ command: "star", payload: { event_id: "was_starred" } });
    await rig.put({ command: "unstar", payload: "was_starred" });
    deepEqual(
      rig.answers.map(({ payload }) => payload),
      [
        { event_id: "starred", starred: true },
        { event_id: "was_starred", starred: true },
        { event_id: "was_starred", starred: false },
      ],
    );
    await rig.put({ payload: "go" });
    await come(rig.sent, 1);
    deepEqual([has("old"), has("starred"), has("was_starred"), has("young")], [false, true, false, true]);
    deepEqual([results(rig)[0]?.events, results(rig)[0]?.error], [2, null]);
    equal(rig.ended.at(-1), undefined);
  });

  it("forgets strangers that were not seen for as long as events are kept, with what they look like", async () => {
    const known = KnownIdentities.of(site.site);
    const seen = (identity_id: string, daysAgo: number, more = {}) =>
      site.site.store.transaction((tables) => {
        const at = new Date(site.clock.now() - daysAgo * DAY).toISOString();
        known.create(tables, { identity_id, kind: "person", ...more }, at);
        tables.identities.setLook(identity_id, "clip", new Uint8Array(512).fill(3));
      });
    for (let n = 0; n < 25; n++) seen(`stranger_${n}`, 31);
    seen("lately", 29);
    seen("anna", 31, { name: "Anna" });
    seen("burglar", 31, { trust: "untrusted" });
    const { rig } = start();
    await rig.put({});
    await come(rig.sent, 1);
    equal(results(rig)[0]?.strangers, 25);
    const { identities } = site.site.store;
    deepEqual(
      identities
        .list(null, 100)
        .map(({ identity_id }) => identity_id)
        .sort(),
      ["anna", "burglar", "lately"],
    );
    deepEqual(identities.modelsOf("stranger_0"), []);
  });

  it("refuses to star what is no event, and a run beside another one", async () => {
    const { rig } = start();
    await rig.put({ command: "star", payload: "nobody" });
    match(rig.ended[0]?.message ?? "", /There is no event "nobody"/);
    await rig.put({ command: "star", payload: 7 });
    match(rig.ended[1]?.message ?? "", /must be the id of an event/);
    const first = rig.put({ command: "run" });
    await rig.put({ command: "run" });
    await first;
    await come(rig.answers, 1);
    match(rig.ended.find((error) => /under way/.test(error?.message ?? ""))?.message ?? "", /on this site/);
  });

  it("deletes nothing in a dry run, by its form or by command, and does at a command all the same", async () => {
    put("old", 31);
    const { rig } = start(null, true);
    await rig.put({});
    await come(rig.sent, 1);
    await rig.put({ command: "dry_run" });
    await come(rig.sent, 2);
    deepEqual([has("old"), ...results(rig).map(({ events }) => events)], [true, 1, 1]);
    await rig.put({ command: "run" });
    await come(rig.sent, 3);
    equal(has("old"), false);
  });

  it("runs each day at its time", async () => {
    const { rig, retention } = start("13:00");
    equal(retention.dueAt, "13:00");
    await site.pass(HOUR_S - 1);
    equal(rig.sent.length, 0);
    await site.pass(1);
    await come(rig.sent, 1);
    await eventually(() => retention.removed === null, "the end of the run");
    await site.pass(24 * HOUR_S);
    await come(rig.sent, 2);
  });

  it("does not run because the clock was set past its time", async () => {
    const { rig } = start("13:00");
    site.clock.setWall(site.clock.now() + 400 * DAY + 2 * 60 * 60_000);
    await site.pass(HOUR_S);
    equal(rig.sent.length, 0);
  });

  for (const [what, state] of [
    ["was cut off", null],
    ["was missed", "done"],
  ] as const) {
    it(`makes up for a run that ${what}`, async () => {
      site.site.store.transaction(({ retentionRuns }) => {
        const at = new Date(site.clock.now() - (state === null ? 60_000 : 2 * DAY)).toISOString();
        retentionRuns.begin("retention", at);
        if (state !== null) retentionRuns.end("retention", resultOf(at));
      });
      put("old", 31);
      const { rig } = start();
      await site.pass(61);
      await come(rig.sent, 1);
      equal(has("old"), false);
    });
  }
});

/** Waits for so many messages. */
async function come(messages: readonly unknown[], count: number): Promise<void> {
  await eventually(() => messages.length === count, `message ${count}`);
}

function resultOf(at: string): RetentionResult {
  const counts = {
    events: 0,
    batches: 0,
    inspections: 0,
    detections: 0,
    uploads: 0,
    gpu_readings: 0,
    originals: 0,
    strangers: 0,
  };
  const files = { pictures: 0, orphans: 0, missing: 0, failed: 0, freed_bytes: 0 };
  return {
    started_at: at,
    ended_at: at,
    dry_run: false,
    error: null,
    ...counts,
    ...files,
    short_of_space: false,
    away: [],
  };
}
