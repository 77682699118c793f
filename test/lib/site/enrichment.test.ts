import { deepEqual, equal } from "node:assert/strict";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { ContextSource } from "../../../lib/site/context/source.ts";
import { enrichmentStage } from "../../../lib/site/enrichment.ts";
import { EMPTY_BATCH } from "../../support/empty-batch.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { RunningSite, settle } from "./running-site.ts";

const never = new Promise<null>(() => {});

describe("enrichment", () => {
  let running: RunningSite;
  beforeEach(() => {
    running = new RunningSite();
  });
  afterEach(() => running.close());
  after(removeTempFolders);

  const node = (sources: readonly ContextSource[]) =>
    running.start<Batch>("enrich", "enrich", ({ site }) => ({
      stage: enrichmentStage({ site, sources, budgetMs: 5_000 }),
    }));

  it("passes a batch on when its time is up, complete but for the parts that it names", async () => {
    const aborted: unknown[] = [];
    const slow: ContextSource = {
      part: "entities",
      gather: (_batch, signal) => {
        signal.addEventListener("abort", () => aborted.push(signal.reason));
        return never;
      },
    };
    const rig = node([
      { part: "zones", gather: () => ({ known: ["a"], beside: { zone_members: {} } }) },
      slow,
      {
        part: "baseline",
        gather: () => {
          throw new Error("no rows");
        },
      },
      { part: "scene", gather: () => Promise.reject(new Error("down")) },
      { part: "household", gather: () => null },
      { part: "attributes", gather: () => ({ known: { pose: [1] }, missing: { clip: "away" } }) },
      { part: "incident", gather: () => ({ known: undefined, missing: { all: "gone" } }) },
    ]);
    await rig.put({ _msgid: "1", payload: EMPTY_BATCH });
    await running.pass(4);
    equal(rig.sent.length, 0);
    await running.pass(1);
    await settle();
    deepEqual(Object(rig.sent[0]?.payload).context, {
      zones: ["a"],
      zone_members: {},
      attributes: { pose: [1] },
      unavailable: {
        entities: "not within 5 s",
        baseline: "no rows",
        scene: "down",
        "attributes.clip": "away",
        "incident.all": "gone",
      },
    });
    equal(aborted.length, 1);
  });

  it("remembers in the transaction that passes the batch on, and only then", async () => {
    const committed: string[] = [];
    const rig = node([{ part: "zones", gather: () => ({ known: 1, commit: () => committed.push("zones") }) }]);
    deepEqual(committed, []);
    await rig.put({ _msgid: "1", payload: EMPTY_BATCH });
    deepEqual(committed, ["zones"]);
    // The same message again is the same job.
    await rig.put({ _msgid: "1", payload: EMPTY_BATCH });
    deepEqual(committed, ["zones"]);
  });
});
