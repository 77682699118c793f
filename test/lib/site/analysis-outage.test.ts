import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServerGate } from "../../../lib/resilience/server-gate.ts";
import type { AnalysisOptions } from "../../../lib/site/analysis.ts";
import { eventually } from "../../support/eventually.ts";
import type { LlmServer } from "../../support/llm-server.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { eventsOf, type JudgeRig, Judging } from "./judging.ts";
import { type RunningSite, settle } from "./running-site.ts";

const VERDICT = { reasoning: "r", summary: "s", risk_score: 20, recommended_action: "" };

describe("analysisStage, while the model is away", () => {
  let judging: Judging;
  let running: RunningSite;
  let llm: LlmServer;
  let gate: ServerGate;

  beforeEach(async () => {
    judging = await Judging.start();
    ({ running, llm, gate } = judging);
    llm.misbehave(503);
  });

  afterEach(async () => {
    await judging.close();
    removeTempFolders();
  });

  const start = (estimate: AnalysisOptions["estimate"] = "away", id = "analyze") => judging.node(id, { estimate });
  const batch = (n: number) => judging.batch(n, { camera_id: `camera_${n}` });
  const put = async (rig: JudgeRig, ...numbers: number[]) => {
    for (const n of numbers) await rig.put({ _msgid: `m${n}`, payload: batch(n) });
  };
  /** The batches with an estimate, in order of their numbers. */
  const estimated = (rig: JudgeRig) =>
    eventsOf(rig)
      .filter(({ final }) => !final)
      .map(({ batch_id }) => batch_id)
      .toSorted();
  const away = () => eventually(() => gate.outage !== null, "the outage");

  it("estimates each batch that waits when that begins, and each that comes then, once", async () => {
    const rig = start();
    await put(rig, 1, 2, 3);
    await away();
    await put(rig, 4, 5);
    await running.pass(60);
    deepEqual(estimated(rig), ["ba_1", "ba_2", "ba_3", "ba_4", "ba_5"]);
  });

  it("has each estimate followed by its verdict", async () => {
    const rig = start();
    await put(rig, 1, 2, 3);
    await away();
    await settle();
    equal(estimated(rig).length, 3);
    llm.misbehave(null);
    llm.answer(() => VERDICT);
    await eventually(async () => {
      await running.pass(30);
      return rig.ended.length === 3;
    }, "the verdicts");
    deepEqual(
      eventsOf(rig)
        .filter(({ final }) => final)
        .map(({ batch_id, revision }) => [batch_id, revision])
        .toSorted(),
      [1, 2, 3].map((n) => [`ba_${n}`, 2]),
    );
  });

  it("draws an event's picture for the estimate, and the verdict keeps it", async () => {
    const still = join(running.folder, "stills/1.jpg");
    mkdirSync(dirname(still));
    writeFileSync(still, await scene());
    const rig = start();
    for (const n of [1, 2]) await rig.put({ _msgid: `m${n}`, payload: { ...batch(n), still_path: still } });
    await away();
    await eventually(() => estimated(rig).length === 2, "the estimates");
    rmSync(still);
    llm.misbehave(null);
    llm.answer(() => VERDICT);
    await eventually(async () => {
      await running.pass(30);
      return rig.ended.length === 2;
    }, "the verdicts");
    const pictures = eventsOf(rig).map(({ batch_id, revision, picture_path }) => [batch_id, revision, picture_path]);
    deepEqual(
      pictures.toSorted().map(([batch_id, revision]) => [batch_id, revision]),
      [1, 2].flatMap((n) => [1, 2].map((revision) => [`ba_${n}`, revision])),
    );
    for (const event of eventsOf(rig)) {
      const day = event.started_at.slice(0, 10);
      equal(event.picture_path, join(running.folder, "pictures", event.camera_id, day, `${event.event_id}.jpg`));
      ok(existsSync(event.picture_path));
    }
  });

  it("estimates for each node that waits for the server, whoever has found it away", async () => {
    const [one, other] = [start(), start("away", "other")];
    await put(one, 1);
    await put(other, 2);
    await away();
    await settle();
    deepEqual([estimated(one), estimated(other)], [["ba_1"], ["ba_2"]]);
  });

  it("estimates what had waited before a restart", async () => {
    const first = start("never");
    await put(first, 1, 2, 3);
    await away();
    await first.node.close();
    const next = start();
    await settle();
    deepEqual(estimated(next), ["ba_1", "ba_2", "ba_3"]);
  });

  it("has a node that adopts the work of a deleted one follow its estimates with verdicts", async () => {
    const deleted = start("away", "deleted");
    await put(deleted, 1, 2);
    await away();
    await settle();
    await deleted.node.close();
    running.flows.delete("deleted");
    for (const id of ["heir", "bystander"]) running.flows.set(id, "nemotron-analyze");
    const heir = start("away", "heir");
    llm.misbehave(null);
    await heir.put({ command: "adopt", payload: { from: "deleted" } });
    const verdicts = await eventually(async () => {
      await running.pass(30);
      const finals = eventsOf(heir).filter(({ final }) => final);
      return finals.length === 2 && finals;
    }, "the verdicts");
    deepEqual(
      verdicts.map(({ event_id, revision, final }) => [event_id, revision, final]).toSorted(),
      eventsOf(deleted)
        .map(({ event_id }) => [event_id, 2, true])
        .toSorted(),
    );
  });

  it("never estimates when told not to", async () => {
    const rig = start("never");
    await put(rig, 1, 2);
    await away();
    await running.pass(60);
    deepEqual(rig.sent, []);
  });
});
