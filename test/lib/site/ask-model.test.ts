/** What a model is told and shown of a batch, by the request that its server gets. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { rmSync } from "node:fs";
import { LLAMA_DEFAULTS, LlamaClient, type LlamaOptions } from "../../../lib/analyze/llama-client.ts";
import { askModel } from "../../../lib/site/ask-model.ts";
import { NodePrompts } from "../../../lib/site/node-prompts.ts";
import { type LlmServer, type LlmServerOptions, startLlmServer } from "../../support/llm-server.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { batchOf, seen, WatchedSite } from "./watched-site.ts";

const LABELS = ["person", "car", "dog", "motion"];
/** Tokens of the context, where the server does not say. */
const ROOMY = 100_000;
/** What it is found to be, when it is too small. */
const CONTEXT = 5000;
const { signal } = new AbortController();

describe("askModel", () => {
  let watched: WatchedSite;
  let llm: LlmServer;
  let client: LlamaClient;
  let picture: Buffer;

  before(async () => {
    picture = await scene();
  });
  beforeEach(() => {
    watched = new WatchedSite();
  });
  afterEach(async () => {
    await client.close();
    await llm.close();
    await watched.close();
  });
  after(removeTempFolders);

  /** A server, and what asks it about a batch. */
  const start = async (server: LlmServerOptions, options: Partial<LlamaOptions> = {}) => {
    llm = await startLlmServer(server);
    client = new LlamaClient({ ...LLAMA_DEFAULTS, url: llm.url, api: "chat", model: null, apiKey: null, ...options });
    const { site } = watched;
    const prompts = new NodePrompts({
      site,
      nodeId: "analyze",
      form: { household: "", house_rules: "" },
      boxes: "relative",
      contextSize: ROOMY,
      answerTokens: LLAMA_DEFAULTS.maxTokens,
      tokens: client,
    });
    const pictures = { most: 4, longestSide: 320 };
    return (about = batch()) => askModel(about, { site, nodeId: "analyze", client, prompts, pictures }, signal);
  };
  /** One upload for each label. */
  const batch = () => {
    const uploads = LABELS.map((label) => watched.upload(`${label}.jpg`, picture));
    return batchOf(
      null,
      uploads,
      uploads.map((upload, n) => seen(LABELS[n] ?? "", upload)),
    );
  };
  const sent = () => llm.requests.map(({ pictures }) => pictures.length);

  it("shows the key pictures, with what was seen in them, and says by which version", async () => {
    const ask = await start({ sees: true });
    await client.ready();
    const answer = await ask();
    ok("verdict" in answer);
    match(answer.promptVersion, /^vision-\d+-[0-9a-f]{8}$/);
    deepEqual(sent(), [4]);
    const { prompt = "" } = llm.requests[0] ?? {};
    match(prompt, /^You assess .* You get a few pictures, if any, and/);
    match(prompt, /\nPicture 1 of 4, at 0 s:\n- \{"bbox_2d":\[156,278,469,694\],"label":"person","confidence":0.8\}\n/);
    match(prompt, /\nPictures you see: 4\n/);
    deepEqual(watched.log, []);
  });

  it("reads none where the server says that its model cannot see", async () => {
    const ask = await start({ sees: false });
    await client.ready();
    ok("verdict" in (await ask()));
    deepEqual(sent(), [0]);
    match(llm.requests[0]?.prompt ?? "", /You get no picture\./);
    ok(!/Pictures you see/.test(llm.requests[0]?.prompt ?? ""));
    deepEqual(watched.log, []);
  });

  it("reads none by the completion endpoint", async () => {
    const ask = await start({ sees: true }, { api: "completion" });
    ok("verdict" in (await ask()));
    match(llm.requests[0]?.prompt ?? "", /You get no picture\./);
  });

  for (const kind of ["llama.cpp", "vllm"] as const) {
    it(`goes on without where the server refuses them, and does not try again (${kind})`, async () => {
      const ask = await start({ kind, sees: false });
      const first = await ask();
      ok("verdict" in first);
      match(first.promptVersion, /^basic-/);
      deepEqual(sent(), [4, 0]);
      equal(watched.log.length, 1);
      match(watched.log[0] ?? "", /^The batch ba_1 is judged without pictures: The language model takes no pictures/);

      ok("verdict" in (await ask()));
      deepEqual(sent(), [4, 0, 0]);
      equal(watched.log.length, 1);
    });
  }

  it("goes on without where the server refuses these, and tries with the next", async () => {
    const ask = await start({});
    const body = JSON.stringify({ error: { message: "Failed to load image or audio file" } });
    llm.misbehave({ raw: body, status: 400 });
    // Refused are all, the one without a picture too.
    await rejects(ask(), { code: "LLM_REFUSED" });
    llm.misbehave(null);
    ok("verdict" in (await ask()));
    deepEqual(sent(), [4, 0, 4]);
  });

  it("waits for a server that is away, with or without pictures", async () => {
    const ask = await start({});
    llm.misbehave(503);
    await rejects(ask(), { code: "LLM_BUSY", retryable: true });
    deepEqual(sent(), [4]);
    deepEqual(watched.log, []);
  });

  it("says how many pictures are gone", async () => {
    const ask = await start({ sees: true });
    const about = batch();
    for (const upload of about.uploads.slice(1)) rmSync(upload.path);
    ok("verdict" in (await ask(about)));
    deepEqual(sent(), [1]);
    match(llm.requests[0]?.prompt ?? "", /\nPictures you see: 1; 3 cannot be read any more\n/);
  });

  it("shows fewer where pictures take more of the context than was thought", async () => {
    const ask = await start({ sees: true, pictureTokens: 1200, contextSize: CONTEXT });
    ok("verdict" in (await ask()));
    const [all, fewer = 0] = sent();
    equal(all, 4);
    ok(fewer > 0 && fewer < 4, `${fewer} pictures`);
    match(llm.requests[1]?.prompt ?? "", new RegExp(`left out for lack of room: ${4 - fewer} pictures?\\.`));
    deepEqual(watched.log, []);
  });

  it("shows none where even one takes too much", async () => {
    const ask = await start({ sees: true, pictureTokens: 100_000, contextSize: CONTEXT });
    ok("verdict" in (await ask()));
    deepEqual([sent().at(0), sent().at(-1)], [4, 0]);
  });
});
