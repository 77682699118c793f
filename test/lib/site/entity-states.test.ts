import { deepEqual, equal } from "node:assert/strict";
import type { EventRecord } from "../../../lib/domain/event.ts";
import type { MqttPacket } from "../../../lib/domain/mqtt-packet.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { ServerError } from "../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../lib/resilience/server-gate.ts";
import { EntityStates } from "../../../lib/site/entity-states.ts";
import { giveFeedback, severity, word } from "../../../lib/site/feedback.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { RunningSite, settle } from "./running-site.ts";

const HUB = "vigil/home/hub";
const PORCH = "vigil/home/camera/porch";
const HOUR_MS = 3_600_000;

describe("EntityStates", () => {
  let running: RunningSite;
  let owner: AbortController;
  let states: EntityStates;
  /** What was published since it was last looked at. */
  let published: MqttPacket[];

  beforeEach(() => {
    running = new RunningSite();
    owner = new AbortController();
    published = [];
    const { site, clock } = running;
    site.store.cameras.know("porch", toIso(clock.now()));
    states = new EntityStates(site, owner.signal, (packets) => published.push(...packets));
    states.ofHub();
    states.ofCamera("porch");
  });
  afterEach(async () => {
    owner.abort();
    await running.close();
  });
  after(removeTempFolders);

  /** But for the storage, which the disk has measured at its own time. */
  const taken = () =>
    Object.fromEntries(
      published
        .splice(0)
        .filter(({ topic }) => topic !== `${HUB}/storage_used`)
        .map(({ topic, payload }) => [topic, payload.toString()]),
    );
  /** Lets time pass as one leap, and the next look come. */
  const leap = async (ms: number) => {
    running.clock.advance(ms);
    await settle();
  };

  it("publishes nothing while nothing has changed", async () => {
    await leap(60_000);
    taken();
    await leap(10 * 60_000);
    running.site.bus.emit("worked");
    running.site.bus.emit("settings");
    await leap(2_000);
    deepEqual(taken(), {});
  });

  it("calls a camera offline that has sent nothing for a day, and online once it has", async () => {
    await leap(24 * HOUR_MS);
    equal(taken()[`${PORCH}/online`], undefined);
    await leap(60_000);
    deepEqual(taken(), {
      [`${PORCH}/online`]: "OFF",
      [`${HUB}/problem`]: "ON",
      [`${HUB}/health`]: "degraded",
      [`${HUB}/problem/attributes`]: '{"causes":["porch is silent"]}',
    });
    running.site.store.cameras.hear("porch", toIso(running.clock.now()));
    await leap(60_000);
    deepEqual(taken(), {
      [`${PORCH}/online`]: "ON",
      [`${HUB}/problem`]: "OFF",
      [`${HUB}/health`]: "healthy",
      [`${HUB}/problem/attributes`]: '{"causes":[]}',
    });
  });

  it("says so when a server is away and when it is back", async () => {
    const gate = new ServerGate(running.clock);
    running.site.servers.set("detect", { type: "detect", gate, server: null });
    await leap(60_000);
    equal(taken()[`${HUB}/detector`], "ok");
    const job = {
      priority: 1,
      start: (visit: { failed(job: string, error: Error): boolean }) => visit.failed("a", away),
    };
    const away = new ServerError("AWAY", "away", { unreachable: true });
    gate.join({ offer: () => job, onAway: () => {} }, 1);
    gate.pump();
    running.site.bus.emit("worked");
    await leap(2_000);
    const { [`${HUB}/detector`]: detector, [`${HUB}/problem/attributes`]: problem } = taken();
    equal(detector, "away");
    equal(problem, '{"causes":["the detector\'s server does not answer"]}');
  });

  it("counts how many events are high or critical, and has a problem where these are too many", async () => {
    const judge = (count: number, risk_score: number, changes: Partial<EventRecord> = {}) => {
      for (let n = 0; n < count; n++) running.judge(risk_score, changes);
    };
    const shares = () => JSON.parse(String(taken()[`${HUB}/alarming_share/attributes`]));
    judge(49, 10);
    judge(9, 70, { final: false });
    judge(9, 70, { started_at: toIso(running.clock.now() - 8 * 24 * HOUR_MS) });
    await leap(60_000);
    const { verdict, events, expected_max, low } = shares();
    deepEqual([verdict, events, expected_max, low], ["not enough events", 49, 15, 100]);
    judge(10, 70);
    judge(1, 90);
    await leap(60_000);
    const { [`${HUB}/alarming_share`]: share, [`${HUB}/problem/attributes`]: problem } = taken();
    equal(share, "18.3");
    equal(problem, '{"causes":["too many events of 7 days are high or critical, expected are 0 to 15 %: 18.3 %"]}');
    judge(30, 10);
    await leap(60_000);
    equal(taken()[`${HUB}/problem`], "OFF");
  });

  it("shows what somebody has said of the last alert's severity, at once", async () => {
    running.judge(70);
    await leap(60_000);
    taken();
    giveFeedback(running.site, "porch", severity("low"));
    deepEqual(taken(), { [`${PORCH}/expected_severity`]: "low" });
    giveFeedback(running.site, "porch", word("correct"));
    deepEqual(taken(), { [`${PORCH}/expected_severity`]: "None" });
  });

  it("publishes a setting as soon as it is changed", () => {
    running.site.settings.changeCamera("porch", { alerts: false });
    running.site.settings.changeSite({ mode: "night" });
    deepEqual(taken(), { [`${PORCH}/alerts`]: "OFF", [`${HUB}/mode`]: "night" });
  });

  it("gives a new connection everything", () => {
    const topics = [...states.ofHub(), ...states.ofCamera("porch")].map(({ topic }) => topic);
    for (const key of ["problem", "mode", "alerts", "waiting", "storage_used"])
      equal(topics.includes(`${HUB}/${key}`), true);
    for (const key of ["online", "detection", "events_today"]) equal(topics.includes(`${PORCH}/${key}`), true);
    equal(topics.includes(`${PORCH}/snoozed_until`), false);
  });
});
