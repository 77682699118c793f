/** Errands that do not wait for a node's other work. */
import { deepEqual, equal } from "node:assert/strict";
import { z } from "zod";
import { ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import type { OpenWorkList } from "../../../lib/site/open-work.ts";
import type { Errands, Result } from "../../../lib/site/stage.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { RunningSite, settle } from "./running-site.ts";

const NOTHING: Result = { commit: () => [] };

describe("a lane of a node", () => {
  let running: RunningSite;
  /** What each queue has done, in order. */
  let done: string[];
  beforeEach(() => {
    running = new RunningSite();
    done = [];
  });
  afterEach(() => running.close());
  after(removeTempFolders);

  /** A node that does in its lane, or else in its main queue, what `work` does with the errand's name. */
  function start(id: string, main: Errands["work"], lane: Errands["work"]) {
    const rig = running.start(id, "risk-alert", (workspace) => ({
      errands: { concurrency: 1, work: main },
      lanes: { side: { concurrency: 1, work: lane } },
      commands: {
        queue: (payload) => {
          const { name, lane: own } = z.object({ name: z.string(), lane: z.string().optional() }).parse(payload);
          const errand = {
            key: name,
            subjectId: name,
            cameraId: "porch",
            payload: { name },
            ...(own && { lane: own }),
          };
          workspace.site.store.transaction((tables) => workspace.queueErrand(tables, errand));
          return name;
        },
      },
    }));
    const command = async (name: string, payload?: unknown) => {
      await rig.put({ command: name, payload });
      return rig.answers.at(-1)?.payload;
    };
    return { ...rig, command };
  }
  const noting = (name: string): Errands["work"] => {
    return async (payload) => {
      done.push(`${name}: ${z.object({ name: z.string() }).parse(payload).name}`);
      return NOTHING;
    };
  };
  const failing = (error: Error): Errands["work"] => {
    return async () => {
      throw error;
    };
  };
  const waiting: Errands["work"] = (_payload, _job, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });

  it("does its errands while the others wait for somebody who is not there", async () => {
    const { command, node } = start("a", waiting, noting("side"));
    for (const name of ["1", "2", "3"]) await command("queue", { name });
    for (const name of ["4", "5"]) await command("queue", { name, lane: "side" });
    await settle();
    deepEqual(done, ["side: 4", "side: 5"]);
    equal(node.load.depth, 3);
  });

  it("does not hold up the others with what is away", async () => {
    const away = new ServerError("AWAY", "It is away", { unreachable: true });
    const { command, node } = start("a", noting("main"), failing(away));
    await command("queue", { name: "1", lane: "side" });
    await command("queue", { name: "2" });
    await settle();
    deepEqual(done, ["main: 2"]);
    equal(node.load.depth, 1);
    equal(node.load.waitingFor, away);
  });

  it("has dead letters that are the node's, to list, replay and discard", async () => {
    const refused = new ReplyError("REFUSED", "No");
    const { command, node } = start("a", noting("main"), failing(refused));
    for (const name of ["1", "2"]) await command("queue", { name, lane: "side" });
    await settle();
    equal(node.load.dead, 2);
    const { dead_letters, counts } = (await command("list")) as OpenWorkList;
    deepEqual([dead_letters.map(({ subject_id }) => subject_id), counts.dead_letters], [["1", "2"], 2]);
    deepEqual(await command("replay", { id: dead_letters[0]?.id }), { replayed: 1 });
    await settle();
    equal(node.load.dead, 2);
    deepEqual(await command("discard", "all"), { discarded: 2 });
    equal(node.load.dead, 0);
  });

  it("goes on after a restart, and under another id of its node", async () => {
    const { command } = start("a", waiting, waiting);
    await command("queue", { name: "1", lane: "side" });
    await command("queue", { name: "2" });
    const before = running;
    await before.close();
    running = new RunningSite(before);
    start("b", noting("main"), noting("side"));
    await settle();
    deepEqual(done.toSorted(), ["main: 2", "side: 1"]);
  });

  it("goes to whoever adopts what a deleted node has left", async () => {
    const { command } = start("a", waiting, waiting);
    await command("queue", { name: "1", lane: "side" });
    const before = running;
    await before.close();
    running = new RunningSite(before);
    // Two at once: neither goes on by itself.
    running.flows.set("c", "risk-alert");
    const { command: tell } = start("b", noting("main"), noting("side"));
    const { orphans } = (await tell("list")) as OpenWorkList;
    deepEqual(
      orphans.map(({ identity, queued }) => [identity, queued]),
      [["a", 1]],
    );
    await tell("adopt", { from: "a" });
    await settle();
    deepEqual(done, ["side: 1"]);
  });
});
