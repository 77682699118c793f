/** The client and prompts with pictures. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { askForVerdict } from "../../../lib/analyze/ask.ts";
import type { LlamaClient } from "../../../lib/analyze/llama-client.ts";
import type { Prompt } from "../../../lib/analyze/prompts/prompt.ts";
import { ReplyError, VigilError } from "../../../lib/resilience/errors.ts";
import { LlmRig, never, PROMPT, VERDICT } from "./llm-rig.ts";

const JPEGS = [Buffer.from([0xff, 0xd8, 0xff, 1]), Buffer.from([0xff, 0xd8, 0xff, 2])];
const PICTURED: Prompt = {
  ...PROMPT,
  pictures: JPEGS.map((jpeg, index) => ({ caption: `Picture ${index + 1} of 2:\n`, jpeg })),
};
const URLS = ["data:image/jpeg;base64,/9j/AQ==", "data:image/jpeg;base64,/9j/Ag=="];
const USER = {
  role: "user",
  content: [
    { type: "text", text: "Picture 1 of 2:\n" },
    { type: "image_url", image_url: { url: URLS[0] } },
    { type: "text", text: "Picture 2 of 2:\n" },
    { type: "image_url", image_url: { url: URLS[1] } },
    { type: "text", text: "A person." },
  ],
};

describe("LlamaClient, with pictures", () => {
  let rig: LlmRig;

  beforeEach(async () => {
    rig = await LlmRig.start();
  });
  afterEach(() => rig.close());

  const messages = (index: number) => rig.server.requests[index]?.body.messages;
  const refusal = async (client: LlamaClient) => {
    const error = await client.judge(PICTURED, never()).catch((thrown) => thrown);
    ok(error instanceof VigilError, String(error));
    return error;
  };

  it("sends each after what is said of it, and the text last", async () => {
    await rig.connect().judge(PICTURED, never());
    deepEqual(messages(0), [{ role: "system", content: "You judge." }, USER]);
    deepEqual(rig.server.requests[0]?.pictures, JPEGS);
  });

  it("sends a plain text where there is none", async () => {
    await rig.connect().judge({ ...PROMPT, pictures: [] }, never());
    deepEqual(messages(0), [
      { role: "system", content: "You judge." },
      { role: "user", content: "A person." },
    ]);
  });

  it("sends the same again where the model is to mend its answer, so that the server has it in its cache", async () => {
    const answers = ["Nothing.", VERDICT];
    rig.server.answer(() => answers.shift() ?? "");
    ok("verdict" in (await askForVerdict(rig.connect(), PICTURED, never())));
    const second = messages(1);
    ok(Array.isArray(second));
    deepEqual(second.slice(0, 2), messages(0));
    equal(second.length, 4);
  });

  describe("knows whether they are taken", () => {
    for (const sees of [true, false, undefined]) {
      it(`as llama.cpp says: ${sees}`, async () => {
        await rig.serve(sees === undefined ? {} : { sees });
        const client = rig.connect();
        equal(client.takesPictures, null);
        await client.ready();
        equal(client.takesPictures, sees ?? null);
      });
    }

    it("not from other servers", async () => {
      await rig.serve({ kind: "vllm", sees: true });
      const client = rig.connect();
      await client.ready();
      equal(client.takesPictures, null);
    });

    it("by the endpoint: without the model's template there are none", async () => {
      await rig.serve({ sees: true });
      const client = rig.connect({ api: "completion" });
      equal(client.takesPictures, false);

      await rig.serve({ sees: true, without: ["/v1/chat/completions"] });
      const found = rig.connect({ api: "auto" });
      await found.ready();
      equal(found.takesPictures, false);
    });

    for (const kind of ["llama.cpp", "vllm"] as const) {
      it(`from a refusal of ${kind}, and asks no further`, async () => {
        await rig.serve({ kind, sees: false });
        let changes = 0;
        const client = rig.connect({ onChange: () => changes++ });
        const error = await refusal(client);
        ok(error instanceof ReplyError);
        deepEqual([error.code, error.retryable, client.takesPictures, changes], ["LLM_NO_PICTURES", false, false, 1]);
        ok(await client.judge(PROMPT, never()));
        equal(client.takesPictures, false);
      });
    }

    it("anew when the server has been away", async () => {
      await rig.serve({ kind: "vllm", sees: false });
      const client = rig.connect();
      await refusal(client);
      rig.server.misbehave(503);
      await rejects(client.judge(PROMPT, never()), { code: "LLM_BUSY" });
      equal(client.takesPictures, null);
    });
  });

  /** As they were seen, or as their reports quote them. */
  const refusals: [server: string, status: number, body: object][] = [
    [
      "llama.cpp",
      500,
      {
        error: {
          code: 500,
          message: "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
          type: "server_error",
        },
      },
    ],
    // https://github.com/ggml-org/llama.cpp/issues/13566 and 12947
    [
      "llama.cpp of May 2025",
      500,
      { error: { code: 500, message: "image input is not supported by this server", type: "server_error" } },
    ],
    [
      "llama.cpp before",
      500,
      {
        error: {
          code: 500,
          message: 'Failed to parse messages: Unsupported content part type: "image_url"; messages = []',
          type: "server_error",
        },
      },
    ],
    // https://github.com/ollama/ollama/pull/9741
    ["Ollama", 500, { error: { message: "this model is missing data required for image input", type: "api_error" } }],
    // https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/908
    ["LM Studio", 400, { error: "Model does not support images. Please use a model that does." }],
    // https://github.com/vllm-project/vllm/issues/23402
    ["vLLM", 400, { error: { message: "nano is not a multimodal model", type: "BadRequestError", code: 400 } }],
    [
      "vLLM with too many",
      400,
      { error: { message: "At most 1 image(s) may be provided in one prompt.", type: "BadRequestError", code: 400 } },
    ],
  ];
  for (const [server, status, body] of refusals) {
    it(`understands the refusal of ${server}`, async () => {
      rig.server.misbehave({ raw: JSON.stringify(body), status });
      const error = await refusal(rig.connect());
      equal(error.code, "LLM_NO_PICTURES");
      match(error.message, /takes no pictures, or fewer, http.* answered \d+: "/);
    });
  }

  it("takes no other refusal for one", async () => {
    rig.server.misbehave({
      raw: JSON.stringify({ error: { message: "Failed to load image or audio file" } }),
      status: 400,
    });
    const client = rig.connect();
    equal((await refusal(client)).code, "LLM_REFUSED");
    equal(client.takesPictures, null);
  });
});
