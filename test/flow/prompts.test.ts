/** What a node tells its model, seen and changed by commands and by deploys. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EventRecord } from "../../lib/domain/event.ts";
import { batch, detection } from "../lib/analyze/fixtures.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("the commands for a node's prompt", function () {
  this.timeout(60_000);
  let llm: LlmServer;
  let folder: string;
  let flow: Flow;

  const nodes = (household: string) => [
    { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" },
    {
      id: "analyze",
      type: "nemotron-analyze",
      site: "site",
      url: llm.url,
      household,
      wires: [["events"], ["answers"]],
    },
    { id: "events", type: "helper" },
    { id: "answers", type: "helper" },
  ];
  beforeEach(async () => {
    folder = tempFolder();
    llm = await startLlmServer();
    flow = await startFlow(nodes("Anna lives here."));
  });
  afterEach(async () => {
    await flow.stop();
    await llm.close();
  });
  after(removeTempFolders);

  let sent = 0;
  const ask = async (command: string, payload: unknown = ""): Promise<Record<string, unknown>> => {
    const asked = ++sent;
    flow.send("analyze", { command, payload, asked });
    const answer = await flow.inbox("answers").next((message) => message.asked === asked);
    return Object(answer.payload);
  };
  /** Has a batch judged; the answer is what the model read before it, and what the event says of that. */
  const judge = async () => {
    const batch_id = `ba_${++sent}`;
    flow.send("analyze", { payload: batch([detection()], { batch_id }) });
    const { payload } = await flow.inbox("events").next((message) => Object(message.payload).batch_id === batch_id);
    const event = EventRecord.parse(payload);
    assert.equal(event.analysis, "model");
    return { version: event.prompt_version?.split("-").at(-1), read: llm.requests.at(-1)?.prompt ?? "" };
  };

  it("list, show and compare its versions, and make an older one hold until the form is changed", async () => {
    const first = await judge();
    assert.match(first.read, /Anna lives here\./);
    assert.equal((await ask("prompts")).active, first.version);

    await flow.deploy(nodes("Ben lives here."), "nodes");
    const second = await judge();
    assert.notEqual(second.version, first.version);
    assert.deepEqual((await ask("diff", { from: first.version })).lines, [
      '- - "Anna lives here."',
      '+ - "Ben lives here."',
    ]);

    assert.deepEqual(await ask("activate", first.version), { active: first.version, form: second.version });
    assert.deepEqual(await judge().then(({ version }) => version), first.version);
    await flow.stop();
    flow = await startFlow(nodes("Ben lives here."));
    const third = await judge();
    assert.equal(third.version, first.version);
    assert.ok(third.read.startsWith(String((await ask("prompt")).text)));

    await flow.deploy(nodes("Ben and Carl live here."), "nodes");
    const fourth = await judge();
    assert.match(fourth.read, /Ben and Carl live here\./);
    const { active, form } = await ask("prompts");
    assert.deepEqual([active, form], [fourth.version, fourth.version]);
  });
});
