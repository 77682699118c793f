/** `vigil-replay` beside a Node-RED that runs: stored events judged again, by models and with prompts of all sorts. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { FlowMessage } from "../../lib/domain/message.ts";
import { batch, contextOf, detection } from "../lib/analyze/fixtures.ts";
import { rows } from "../lib/store/support.ts";
import { root } from "../package/manifest.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const MAIN = join(root, "lib/site/replay/main.ts");
const verdict = (risk_score: number) => ({
  reasoning: "So.",
  summary: "A person.",
  risk_score,
  recommended_action: "",
});
const Report = z.object({
  comparison: z.object({ count: z.number(), mean_absolute_difference: z.number().nullable(), same_level: z.number() }),
  events: z.array(
    z.object({
      batch_id: z.string(),
      a: z.looseObject({ risk_score: z.number().nullable(), prompt_version: z.string().nullable() }).nullable(),
      b: z.looseObject({ risk_score: z.number().nullable(), prompt_version: z.string().nullable() }).nullable(),
    }),
  ),
});

describe("vigil-replay", function () {
  this.timeout(60_000);
  let llm: LlmServer;
  let folder: string;
  let flow: Flow;
  let events: FlowMessage[];
  const children: ChildProcess[] = [];
  const data = () => join(folder, "data");

  const nodes = (household: string) => [
    { id: "site", type: "vigil-site", dataDir: data(), timeZone: "UTC" },
    { id: "analyze", type: "nemotron-analyze", site: "site", url: llm.url, household, wires: [["events"], []] },
    { id: "events", type: "helper" },
  ];
  const batches = [
    batch([detection()], { batch_id: "ba_1" }),
    batch([detection({ label: "car" })], {
      batch_id: "ba_2",
      camera_id: "garden",
      started_at: "2026-11-20T13:30:05.000Z",
      context: contextOf("enriched"),
    }),
    batch([detection()], { batch_id: "ba_3", started_at: "2026-11-20T13:30:10.000Z" }),
  ];

  beforeEach(async () => {
    folder = tempFolder();
    llm = await startLlmServer();
    const scores = [10, 20, 70];
    llm.answer(() => verdict(scores.shift() ?? 0));
    flow = await startFlow(nodes("Anna lives here."));
    for (const each of batches) {
      flow.send("analyze", { payload: each });
      await flow.inbox("events").next(({ payload }) => Object(payload).batch_id === each.batch_id);
    }
    events = flow.inbox("events").messages;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await flow.stop();
    await llm.close();
  });
  after(removeTempFolders);

  const start = (...args: string[]) => {
    const { VIGIL_LLM_API_KEY: _key, ...env } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...env, ...keys } });
    children.push(child);
    const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    return { child, ended: ended.then(([[code], out, errors]) => ({ code: Number(code), out, errors })) };
  };
  let keys: Record<string, string> = {};
  const run = (...args: string[]) => start(...args).ended;
  /** The same, with what it writes for programs. */
  const report = async (...args: string[]) => {
    const file = join(folder, "report.json");
    const { code, out, errors } = await run(...args, "--json", file);
    deepEqual([code, errors], [0, ""]);
    return { out, ...Report.parse(JSON.parse(readFileSync(file, "utf8"))) };
  };
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return name;
  };
  const scoresOf = (events: z.infer<typeof Report>["events"]) =>
    events.map(({ a, b }) => [a?.risk_score ?? null, b?.risk_score ?? null]);
  const versions = () => rows(data(), "SELECT version, text FROM prompts ORDER BY created_at");

  it("prints what a model makes of events beside what was made of them, and changes nothing", async () => {
    const before = rows(data(), "SELECT * FROM events");
    const scores = [10, 35, 60];
    llm.answer(() => verdict(scores.shift() ?? 0));
    const { out, comparison, events } = await report("data", "--url", llm.url);
    deepEqual(scoresOf(events), [
      [10, 10],
      [20, 35],
      [70, 60],
    ]);
    equal(comparison.count, 3);
    equal(comparison.mean_absolute_difference, 8.33);
    match(out, /^A: as it was judged\nB: the model at 127\.0\.0\.1:\d+, prompt [0-9a-f]{8}\n/);
    match(out, /front_door +person +10 +10 +0\n.*garden +car +20 +35 +\+15\n.*front_door +person +70 +60 +-10\n/);
    match(
      out,
      /of 3 with both scores +A +B\n +low +2 #+ +1 #+\n +medium +0 +1 #+\n +high +1 #+ +1 #+\n +critical +0 +0\n/,
    );
    match(out, /mean score +33\.3 +35\.0\n/);
    match(out, /Another level: 1 of 3\./);
    match(out, /prompt tokens +\d{4} +\d{4}\n/);
    deepEqual(rows(data(), "SELECT * FROM events"), before);
  });

  it("asks in the words in which the node asks", async () => {
    const asked = llm.requests.map(({ prompt }) => prompt.replaceAll("Europe/Paris", ""));
    const flows = write("flows.json", JSON.stringify(nodes("")));
    await report("data", "--url", llm.url, "--flows", flows);
    deepEqual(
      llm.requests.slice(asked.length).map(({ prompt }) => prompt),
      asked,
    );
  });

  it("asks with two versions of the prompt, all of the one before the other", async () => {
    await flow.deploy(nodes("Ben lives here."), "nodes");
    const [anna, ben] = await eventually(() => {
      const all = versions();
      return all.length === 2 && all;
    }, "two versions");
    ok(anna && ben);
    const before = llm.requests.length;
    llm.answer(({ prompt }) => verdict(prompt.includes("Anna lives here") ? 5 : 40));
    const names = [String(anna.version), `enriched-3-${ben.version}`] as const;
    const { events } = await report("data", "--url", llm.url, "--prompt", names[0], "--prompt-b", names[1]);
    deepEqual(scoresOf(events), Array(3).fill([5, 40]));
    deepEqual(
      events.map(({ a, b }) => [a?.prompt_version?.slice(-8), b?.prompt_version?.slice(-8)]),
      Array(3).fill([anna.version, ben.version]),
    );
    const texts = llm.requests.slice(before).map(({ prompt }) => prompt);
    deepEqual(
      texts.map((prompt) => prompt.startsWith(String(anna.text))),
      [true, true, true, false, false, false],
    );
  });

  it("asks with a new prompt, and two models on two servers, each with its own key", async () => {
    const other = await startLlmServer({ apiKey: "secret" });
    try {
      other.answer(verdict(50));
      keys = { VIGIL_LLM_API_KEY: "not-for-the-other", VIGIL_LLM_API_KEY_B: "secret" };
      const household = write("household.txt", "Carla lives here.\n");
      const { out, events } = await report(
        ...["data", "--url", llm.url, "--url-b", other.url, "--model-b", "nemotron"],
        ...["--household-b", household, "--last", "2", "--camera", "front_door"],
      );
      deepEqual(scoresOf(events), Array(2).fill([0, 50]));
      match(out, /B: nemotron at /);
      ok(other.requests.every(({ prompt }) => prompt.includes('- "Carla lives here."')));
    } finally {
      keys = {};
      await other.close();
    }
  });

  it("takes events from a file, as a list or line by line, and batches", async () => {
    llm.answer(verdict(33));
    const payloads = events.map(({ payload }) => payload);
    const list = await report(write("list.json", JSON.stringify(payloads)), "--url", llm.url);
    const lines = payloads.map((payload) => JSON.stringify(payload)).join("\n");
    const byLine = await report(write("lines.jsonl", `${lines}\n`), "--url", llm.url);
    deepEqual(scoresOf(list.events), [
      [10, 33],
      [20, 33],
      [70, 33],
    ]);
    deepEqual(scoresOf(byLine.events), scoresOf(list.events));

    const unjudged = await report(write("batches.json", JSON.stringify(batches)), "--url", llm.url);
    deepEqual(scoresOf(unjudged.events), Array(3).fill([null, 33]));
    match(unjudged.out, /A gave no score 3 times; the last time: it was not judged before/);
  });

  it("goes on after an answer that cannot be used, and says so", async () => {
    llm.answer(({ prompt }) => (prompt.includes('"car"') ? "It looks fine." : verdict(15)));
    const { out, events } = await report("data", "--url", llm.url);
    deepEqual(scoresOf(events), [
      [10, 15],
      [20, null],
      [70, 15],
    ]);
    match(out, /garden +car +20 +-\n/);
    match(out, /B gave no score 1 times; the last time: The model's reply cannot be used/);
  });

  it("prints what there is when it is interrupted", async () => {
    const asked = Promise.withResolvers<void>();
    llm.answer(({ prompt }) => {
      if (!prompt.includes('"car"')) return verdict(15);
      asked.resolve();
      return new Promise(() => {});
    });
    const { child, ended } = start("data", "--url", llm.url);
    await asked.promise;
    child.kill("SIGINT");
    const { code, out, errors } = await ended;
    deepEqual([code, errors], [130, ""]);
    match(out, /front_door +person +10 +15 +\+5\n.*garden +car +20\n.*front_door +person +70\n/);
    match(out, /of 1 with both scores/);
  });

  it("ends with what there is when the server goes away, and says why", async () => {
    const other = await startLlmServer();
    other.answer(async ({ prompt }) => {
      if (prompt.includes('"car"')) void other.close();
      return verdict(15);
    });
    const { code, out, errors } = await run("data", "--url", other.url);
    equal(code, 1);
    match(out, /front_door +person +10 +15 +\+5\n.*garden +car +20 +-\n.*front_door +person +70\n/);
    match(errors, /^The language model at http:\S+ cannot be reached.*\n$/);
  });

  it("fails where nothing could be judged", async () => {
    llm.misbehave("confused");
    const { code, out } = await run("data", "--url", llm.url);
    equal(code, 1);
    match(out, /B gave no score 3 times/);
  });

  const wrong: [args: string[], code: number, message: RegExp][] = [
    [["data"], 2, /^--url must be an http.*\nvigil-replay --help says more\.\n$/],
    [["missing", "--url", "http://a"], 1, /^The events of missing cannot be read: .*no such file.*\n$/],
    [["data", "--url", "http://a", "--camera", "cellar"], 1, /^There are no events to judge in data\n$/],
    [[".", "--url", "http://a"], 1, /^There is no vigil\.db in \..*\n$/],
    [["data", "--url", "http://a", "--prompt", "00000000"], 1, /^There is no version "00000000".*: [0-9a-f]{8}\n$/],
  ];
  for (const [args, expected, message] of wrong) {
    it(`refuses "${args.join(" ")}" with ${expected}`, async () => {
      const { code, out, errors } = await run(...args);
      deepEqual([code, out], [expected, ""]);
      match(errors, message);
    });
  }

  it("explains itself", async () => {
    const { code, out } = await run("--help");
    equal(code, 0);
    match(out, /^Usage: vigil-replay /);
  });
});
