import { deepEqual, equal, throws } from "node:assert/strict";
import { SiteConfig } from "../../../lib/site/config.ts";
import { OpenWork } from "../../../lib/site/open-work.ts";
import { Site } from "../../../lib/site/site.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const AT = "2026-11-20T12:00:00.000Z";
const NOW = Date.parse(AT);
const NOTHING = { queued: 0, dead: 0, open: 0, batches: 0 };

describe("OpenWork", () => {
  let site: Site;
  let clock: FakeClock;
  let work: OpenWork;
  /** What the node was told, in order. */
  let told: unknown[];

  beforeEach(() => {
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    clock = new FakeClock(NOW);
    site = new Site({ config: SiteConfig.parse({}), dataDir: null, clock, logger, onMqttState: () => {} });
    told = [];
    work = new OpenWork({
      site,
      nodeId: "me",
      lanes: [],
      type: "detect",
      flows: () => ({ has: (id) => id === "me", ofType: () => ["me"] }),
      leadingOn: () => [0],
      resend: (ids) => told.push(["resend", ...ids]),
      onReplay: (subjectId) => told.push(["replay", subjectId]),
      onAdopt: () => told.push("adopt"),
      refresh: () => told.push("refresh"),
    });
  });
  afterEach(() => site.close());

  let keys = 0;
  /** A job; the answer is its number. */
  const queue = (nodeId = "me", subjectId: string | null = "up_1"): number => {
    keys += 1;
    const receipt = { nodeId, stage: "detect", key: `${keys}`, subjectId, cameraId: "porch", priority: 0, now: NOW };
    return site.store.transaction(({ jobs }) => jobs.queue(receipt, "{}")) ?? 0;
  };
  const die = (nodeId = "me", subjectId: string | null = "up_1"): number => {
    const job = queue(nodeId, subjectId);
    site.store.transaction(({ jobs }) => {
      jobs.claim(nodeId, "owner");
      jobs.dead(job, "owner", "REFUSED", "It was refused", NOW);
    });
    return job;
  };
  const send = (state: "air" | "unclaimed", { nodeId = "me", port = 0 } = {}): string =>
    site.store.transaction(({ handovers }) =>
      handovers.send(nodeId, port, { kind: "upload", id: "up_1" }, "{}", NOW, state),
    );
  const enter = (nodeId: string, type = "detect") =>
    site.store.transaction(({ nodes }) => nodes.enter(nodeId, type, { has: () => true, ofType: () => [] }, NOW));

  describe("list", () => {
    it("names dead letters, open messages and deleted nodes, and nothing of other nodes", () => {
      queue();
      const dead = die();
      const [air, left] = [send("air"), send("unclaimed")];
      enter("gone");
      queue("gone");
      enter("other type", "dedupe");
      queue("other type");
      die("other");
      send("air", { nodeId: "other" });
      const message = { kind: "upload", subject_id: "up_1", sent_at: AT };
      deepEqual(work.list(), {
        counts: { queued: 1, dead_letters: 1, unclaimed: 0 },
        dead_letters: [
          {
            id: dead,
            subject_id: "up_1",
            camera_id: "porch",
            attempts: 1,
            code: "REFUSED",
            error: "It was refused",
            received_at: AT,
            failed_at: AT,
          },
        ],
        open: [
          { id: air, ...message, state: "air" },
          { id: left, ...message, state: "unclaimed" },
        ],
        orphans: [
          { identity: "gone", type: "detect", ...NOTHING, queued: 1 },
          { identity: "other type", type: "dedupe", ...NOTHING, queued: 1 },
        ],
      });
    });

    it("lists a hundred of each, and counts all", () => {
      for (let n = 0; n < 101; n++) die();
      const { dead_letters, counts } = work.list();
      deepEqual([dead_letters.length, counts.dead_letters], [100, 101]);
    });
  });

  describe("replay", () => {
    for (const payload of [undefined, "", "all"]) {
      it(`tries everything again with ${JSON.stringify(payload)}`, () => {
        die();
        die("me", null);
        const [left] = [send("unclaimed"), send("air")];
        deepEqual(work.replay(payload), { replayed: 3 });
        deepEqual(told, [["replay", "up_1"], "refresh", ["resend", left]]);
        deepEqual(work.list().counts, { queued: 2, dead_letters: 0, unclaimed: 0 });
        deepEqual(
          work.list().open.map(({ state }) => state),
          ["air", "air"],
        );
      });
    }

    it("sends nothing again to users' own nodes, unless it is named", () => {
      const elsewhere = send("unclaimed", { port: 1 });
      deepEqual(work.replay("all"), { replayed: 0 });
      deepEqual(work.replay({ id: elsewhere }), { replayed: 1 });
      deepEqual(told.at(-1), ["resend", elsewhere]);
    });

    it("sends again what is overdue, whoever it went to, and tries no dead letter again", () => {
      die();
      const [air, left] = [send("air"), send("unclaimed", { port: 1 })];
      deepEqual(work.replay({ older_than: 60 }), { replayed: 0 });
      clock.advance(60_001);
      deepEqual(work.replay({ older_than: 60 }), { replayed: 2 });
      deepEqual(told.at(-1), ["resend", air, left]);
      deepEqual(
        work.list().open.map(({ state, sent_at }) => [state, sent_at]),
        new Array(2).fill(["air", "2026-11-20T12:01:00.001Z"]),
      );
      equal(work.list().counts.dead_letters, 1);
    });

    for (const older_than of [0, -1, "60", null]) {
      it(`refuses what is older than ${JSON.stringify(older_than)}`, () => {
        throws(() => work.replay({ older_than }), /older_than/);
      });
    }

    it("tries one dead letter again", () => {
      const [one, other] = [die(), die()];
      deepEqual(work.replay({ id: other }), { replayed: 1 });
      deepEqual(
        work.list().dead_letters.map(({ id }) => id),
        [one],
      );
    });
  });

  describe("discard", () => {
    it("gives everything up but what is queued or in the air", () => {
      queue();
      die();
      send("unclaimed");
      send("air");
      deepEqual(work.discard("all"), { discarded: 2 });
      const { counts, dead_letters, open } = work.list();
      deepEqual([counts.queued, dead_letters.length, open.map(({ state }) => state)], [1, 0, ["air"]]);
      deepEqual(told, ["refresh"]);
    });

    it("gives one up, also a message that is in the air", () => {
      const [dead, air] = [die(), send("air")];
      deepEqual(work.discard({ id: dead }), { discarded: 1 });
      deepEqual(work.discard({ id: air }), { discarded: 1 });
      deepEqual([work.list().dead_letters, work.list().open], [[], []]);
    });
  });

  for (const command of ["replay", "discard"] as const) {
    it(`${command}: says so where there is no such thing here`, () => {
      const [queued, others] = [queue(), die("other")];
      for (const id of [queued, others, 999, "s.1"]) {
        throws(() => work[command]({ id }), { code: "NOT_FOUND" });
      }
      equal(site.store.jobs.count("other", "dead"), 1);
    });

    for (const payload of [7, "everything", {}, { id: 0 }, { id: "" }, { id: 1.5 }, [], null]) {
      it(`${command}: refuses ${JSON.stringify(payload)}`, () => {
        die();
        throws(() => work[command](payload), { code: "BAD_PAYLOAD" });
        equal(work.list().counts.dead_letters, 1);
      });
    }
  }

  describe("adopt", () => {
    it("takes over what a deleted node has left, and goes on with it", () => {
      enter("gone");
      queue("gone");
      die("gone");
      const air = send("air", { nodeId: "gone" });
      deepEqual(work.adopt({ from: "gone" }), {
        adopted: { identity: "gone", type: "detect", ...NOTHING, queued: 1, dead: 1, open: 1 },
      });
      deepEqual(told, ["adopt", "refresh", ["resend", air]]);
      const { counts, orphans } = work.list();
      deepEqual([counts, orphans], [{ queued: 1, dead_letters: 1, unclaimed: 0 }, []]);
      throws(() => work.adopt({ from: "gone" }), { code: "NO_ORPHAN" });
    });

    it("takes nothing from a node of another type, one that is there, or one that left nothing", () => {
      enter("other type", "dedupe");
      queue("other type");
      enter("me");
      queue("me");
      enter("idle");
      throws(() => work.adopt({ from: "other type" }), { code: "OTHER_TYPE" });
      for (const from of ["me", "idle", "nobody"]) {
        throws(() => work.adopt({ from }), { code: "NO_ORPHAN" });
      }
    });

    it("can be spared: what a deleted node of any type has left can be discarded", () => {
      enter("other type", "dedupe");
      queue("other type");
      die("other type");
      send("air", { nodeId: "other type" });
      deepEqual(work.discard({ from: "other type" }), { discarded: 3 });
      deepEqual(work.list().orphans, []);
      throws(() => work.discard({ from: "other type" }), { code: "NO_ORPHAN" });
    });

    for (const payload of [undefined, "gone", {}, { from: "" }, { from: 1 }]) {
      it(`refuses ${JSON.stringify(payload)}`, () => {
        throws(() => work.adopt(payload), { code: "BAD_PAYLOAD" });
      });
    }
  });
});
