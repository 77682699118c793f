/** Pictures, at a real llama-server that takes them, and at one that does not. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { LLAMA_DEFAULTS, LlamaClient } from "../../../lib/analyze/llama-client.ts";
import { ContextError } from "../../../lib/analyze/llama-errors.ts";
import type { Prompt } from "../../../lib/analyze/prompts/prompt.ts";
import { parseVerdict } from "../../../lib/analyze/reply.ts";
import { drawModelPicture } from "../../../lib/media/model-picture.ts";
import { askModel } from "../../../lib/site/ask-model.ts";
import { NodePrompts } from "../../../lib/site/node-prompts.ts";
import { batchOf, seen, WatchedSite } from "../../lib/site/watched-site.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { CONTEXT_SIZE, LlamaServer, type LlamaServerOptions } from "./llama-server.ts";
import { PICTURE_TOKENS } from "./tiny-eye.ts";

const TEXT: Prompt = { system: "You judge.", user: "A person at the door." };
const never = () => new AbortController().signal;

describe("pictures, at a real llama-server", function () {
  this.timeout(300_000);
  let server: LlamaServer | null = null;
  let client: LlamaClient | null = null;
  let watched: WatchedSite | null = null;

  afterEach(async () => {
    await client?.close();
    await server?.kill();
    await watched?.close();
    watched = null;
    removeTempFolders();
  });

  const connect = async (options: LlamaServerOptions) => {
    server = await LlamaServer.start(options);
    const { url } = server;
    client = new LlamaClient({
      ...LLAMA_DEFAULTS,
      timeoutMs: 250_000,
      maxTokens: 2_000,
      url,
      api: "chat",
      model: null,
      apiKey: null,
    });
    return client;
  };
  /** So many different ones, each with a caption of ten letters, which are tokens. */
  const pictured = async (count: number): Promise<Prompt> => {
    const pictures = Array.from({ length: count }, async (_, seed) => {
      const { bytes } = await drawModelPicture(await scene({ x: 100 * seed, y: 50, width: 80, height: 200 }), 320);
      return { caption: `Picture ${seed}\n`, jpeg: bytes };
    });
    return { ...TEXT, pictures: await Promise.all(pictures) };
  };

  it("says whether it takes them", async () => {
    for (const sees of [true, false]) {
      const asked = await connect({ sees });
      await asked.ready();
      equal(asked.takesPictures, sees);
      await asked.close();
      await server?.kill();
    }
  });

  it("reads them, each as so many tokens, and keeps them in its cache", async () => {
    const asked = await connect({ sees: true });
    const tokens: number[] = [];
    for (const count of [1, 2, 4]) {
      const reply = await asked.judge(await pictured(count), never());
      ok(parseVerdict(reply.content).reasoning.includes("somebody walks by the gate"));
      tokens.push(reply.promptTokens ?? Number.NaN);
    }
    const [one = 0, two = 0, four = 0] = tokens;
    const each = two - one;
    // The caption, the picture, and the line breaks that the server puts between the parts of what the user says.
    ok(
      each >= PICTURE_TOKENS + "Picture 0\n".length && each <= PICTURE_TOKENS + "Picture 0\n".length + 4,
      `${each} tokens`,
    );
    equal(four - two, 2 * each);

    const again = await asked.judge(await pictured(4), never());
    equal(again.promptTokens, four);
    ok(again.cachedTokens !== null && again.cachedTokens > four - 32, `${again.cachedTokens} of ${four} cached`);
  });

  it("has them in its cache when it is to mend an answer", async () => {
    const asked = await connect({ sees: true });
    const prompt = await pictured(2);
    const { promptTokens } = await asked.judge(prompt, never());
    const repair = { reply: "No.", problem: "it holds no JSON object" };
    const { cachedTokens } = await asked.judge({ ...prompt, repair }, never());
    ok(promptTokens !== null && cachedTokens !== null && cachedTokens > promptTokens - 64, `${cachedTokens} cached`);
  });

  it("counts them where a prompt is too long", async () => {
    const asked = await connect({ sees: true });
    const lengthOf = async (prompt: Prompt) => {
      const error = await asked.judge({ ...prompt, user: "a".repeat(CONTEXT_SIZE) }, never()).catch((thrown) => thrown);
      ok(error instanceof ContextError && error.promptTokens !== null, String(error));
      return error.promptTokens;
    };
    const more = (await lengthOf(await pictured(4))) - (await lengthOf(await pictured(2)));
    ok(more >= 2 * PICTURE_TOKENS, `${more} tokens`);
  });

  it("refuses them where it cannot see, and answers without", async () => {
    const asked = await connect({});
    await rejects(asked.judge(await pictured(1), never()), {
      code: "LLM_NO_PICTURES",
      message: /answered 500: "image input is not supported/,
    });
    equal(asked.takesPictures, false);
    ok(parseVerdict((await asked.judge(TEXT, never())).content));
  });

  /** Has the model judge an upload in which a person was seen, without having asked what the server is. */
  const judge = async (asked: LlamaClient) => {
    watched = new WatchedSite();
    const { site } = watched;
    const upload = watched.upload("a.jpg", await scene());
    const prompts = new NodePrompts({
      site,
      nodeId: "analyze",
      form: { household: "", house_rules: "" },
      boxes: "relative",
      contextSize: CONTEXT_SIZE,
      answerTokens: 2_000,
      tokens: asked,
    });
    const options = { site, nodeId: "analyze", client: asked, prompts, pictures: { most: 4, longestSide: 320 } };
    const answer = await askModel(batchOf(null, [upload], [seen("person", upload)]), options, never());
    ok("verdict" in answer);
    return { version: answer.promptVersion, log: watched.log };
  };

  it("judges a batch by what it is shown", async () => {
    const { version, log } = await judge(await connect({ sees: true }));
    match(version, /^vision-/);
    deepEqual(log, []);
  });

  it("judges a batch without, where it cannot see", async () => {
    const { version, log } = await judge(await connect({}));
    match(version, /^basic-/);
    equal(log.length, 1);
    match(log[0] ?? "", /judged without pictures: .*image input is not supported/);
  });
});
