import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { LlamaClient } from "../../../lib/analyze/llama-client.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { CONTEXT_SIZE } from "../../support/llm-server.ts";
import { APIS, failure, LlmRig, never, PROMPT } from "./llm-rig.ts";

describe("LlamaClient, about its server", () => {
  let rig: LlmRig;

  beforeEach(async () => {
    rig = await LlmRig.start();
  });
  afterEach(() => rig.close());

  const proven = (client: LlamaClient, outcome: boolean | null) =>
    eventually(() => client.schemaEnforced === outcome, `the proof: ${outcome}`);

  it("knows nothing before it has asked", () => {
    const { contextSize, slots, schemaEnforced } = rig.connect();
    deepEqual([contextSize, slots, schemaEnforced], [null, null, null]);
  });

  it("asks llama.cpp once, however many want to know", async () => {
    const client = rig.connect();
    await Promise.all([client.ready(), client.ready()]);
    await client.ready();
    deepEqual([client.contextSize, client.slots], [CONTEXT_SIZE, 2]);
    deepEqual(rig.server.questions, ["/props"]);
  });

  it("has llama.cpp keep the prompt, by either endpoint", async () => {
    for (const api of APIS) {
      const client = rig.connect({ api });
      await client.ready();
      await client.judge(PROMPT, never());
      equal(rig.server.requests.at(-1)?.body.cache_prompt, true);
    }
  });

  it("has the context of vLLM's model", async () => {
    await rig.serve({ kind: "vllm" });
    for (const [model, contextSize] of [
      ["test-model.gguf", CONTEXT_SIZE],
      ["another", null],
      ["none", null],
      [null, null],
    ] as const) {
      const client = rig.connect({ model });
      await client.ready();
      equal(client.contextSize, contextSize, String(model));
    }
  });

  it("sends a server that may be strict nothing that only llama.cpp knows", async () => {
    for (const kind of ["vllm", "plain"] as const) {
      await rig.serve({ kind });
      const client = rig.connect();
      await client.ready();
      ok(await client.judge(PROMPT, never()));
      await proven(client, true);
    }
  });

  describe("the tokens of a text", () => {
    for (const kind of ["llama.cpp", "vllm"] as const) {
      it(`are counted by ${kind}`, async () => {
        await rig.serve({ kind });
        equal(await rig.connect().countTokens("123456789"), 3);
        equal(await rig.connect().countTokens(""), 0);
      });
    }

    it("are not known where the server does not count, which it is asked once", async () => {
      await rig.serve({ kind: "plain" });
      const client = rig.connect();
      equal(await client.countTokens("a"), null);
      equal(await client.countTokens("b"), null);
      deepEqual(rig.server.questions, ["/tokenize"]);
    });

    it("are not known while the server is away", async () => {
      const client = rig.connect();
      rig.server.misbehave(503);
      equal(await client.countTokens("a"), null);
      rig.server.misbehave(null);
      equal(await client.countTokens("a"), 1);
    });
  });

  describe("that the schema is enforced", () => {
    for (const api of APIS) {
      it(`is proven by a constant that only the schema has (${api})`, async () => {
        for (const isEnforced of [true, false]) {
          rig.server.enforce(isEnforced);
          const client = rig.connect({ api });
          await client.ready();
          await proven(client, isEnforced);
        }
        equal(rig.server.proofs, 2);
        equal(rig.server.requests.length, 0);
      });
    }

    it("is not known where the answer is cut short, or refused", async () => {
      for (const mode of ["truncated", "refuse"] as const) {
        rig.server.misbehave(mode);
        const before = rig.server.proofs;
        let changes = 0;
        const client = rig.connect({ onChange: () => changes++ });
        await client.ready();
        // What the server is, then what came of the proof.
        await eventually(() => changes === 2, "the proof's end");
        equal(client.schemaEnforced, null);
        await client.ready();
        equal(rig.server.proofs, before + 1);
      }
    });

    it("keeps nobody from judging", async () => {
      rig.server.misbehave("never");
      const client = rig.connect();
      await client.ready();
      await eventually(() => rig.server.proofs === 1, "the proof's beginning");
      rig.server.misbehave(null);
      ok(await client.judge(PROMPT, never()));
      equal(client.schemaEnforced, null);
    });

    it("is proven again when the server has been away", async () => {
      const client = rig.connect();
      await client.ready();
      await proven(client, true);
      rig.server.misbehave(503);
      await failure(client);
      deepEqual([client.schemaEnforced, rig.server.proofs], [null, 1]);
      await client.ready();
      equal(rig.server.proofs, 1);

      rig.server.misbehave(null);
      rig.server.enforce(false);
      await client.ready();
      await proven(client, false);
      equal(rig.server.proofs, 2);
    });

    it("is proven again when the model has changed", async () => {
      const client = rig.connect();
      await client.ready();
      await proven(client, true);
      rig.server.load("other.gguf");
      rig.server.enforce(false);
      equal((await client.judge(PROMPT, never())).model, "other.gguf");
      await proven(client, false);
    });

    it("is proven when a server is there that was not at first", async () => {
      rig.server.misbehave(503);
      const client = rig.connect();
      await client.ready();
      deepEqual([client.contextSize, rig.server.proofs], [null, 0]);
      rig.server.misbehave(null);
      await client.ready();
      equal(client.contextSize, CONTEXT_SIZE);
      await proven(client, true);
    });
  });

  describe("which endpoint it has", () => {
    const servers: [string, string[], string][] = [
      ["both", [], "/v1/chat/completions"],
      ["chat only", ["/completion"], "/v1/chat/completions"],
      ["completion only", ["/v1/chat/completions"], "/completion"],
    ];
    for (const [what, without, path] of servers) {
      it(`${what}: asks ${path}`, async () => {
        await rig.serve({ without });
        const client = rig.connect({ api: "auto" });
        await client.ready();
        await client.judge(PROMPT, never());
        equal(rig.server.requests.at(-1)?.path, path);
      });
    }
  });

  it("gives a server that says nothing five seconds", async () => {
    const silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    try {
      const connected = once(silent, "connection");
      await once(silent, "listening");
      const address = silent.address();
      ok(address !== null && typeof address === "object");
      const clock = new FakeClock();
      const client = rig.connect({ url: `http://127.0.0.1:${address.port}`, clock });
      const ready = client.ready();
      await connected;
      clock.advance(5_000);
      await ready;
      equal(client.contextSize, null);
    } finally {
      silent.close();
    }
  });

  it("ends what it asks when it closes", async () => {
    rig.server.misbehave("never");
    const client = rig.connect();
    await client.ready();
    await eventually(() => rig.server.proofs === 1, "the proof's beginning");
    await client.close();
    await client.ready();
    equal(client.schemaEnforced, null);
  });
});
