/** Vectors of pictures: of which model they are, and which are none. */
import assert from "node:assert/strict";
import { ClipServer } from "../../../../lib/context/services/clip.ts";
import type { Embedder } from "../../../../lib/context/services/embedder.ts";
import { EnrichmentServer } from "../../../../lib/context/services/enrichment.ts";
import { VigilError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import { type Role, vectorOf } from "../../../support/ai-roles.ts";
import { type AiServer, startAiServer } from "../../../support/ai-server.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { scene } from "../../../support/pictures.ts";

const { signal } = new AbortController();

describe("Embedder", () => {
  let server: AiServer;
  let embedder: Embedder;
  let jpeg: Buffer;
  before(async () => {
    jpeg = await scene();
  });
  afterEach(async () => {
    await embedder.close();
    await server.close();
  });

  const start = async (role: Role) => {
    server = await startAiServer(role);
    const options = { url: server.url, gate: new ServerGate(new FakeClock()), modelId: "own" };
    embedder = role === "clip" ? new ClipServer(options) : new EnrichmentServer(options);
  };
  const code = async () =>
    embedder.embed(jpeg, signal).then(
      () => assert.fail("it should have failed"),
      (error: unknown) => (error instanceof VigilError ? error.code : String(error)),
    );

  it("has of CLIP 768 numbers of length 1, and the name of the model as the server says it", async () => {
    await start("clip");
    const { vector, modelId } = await embedder.embed(jpeg, signal);
    assert.equal(modelId, "clip-vit-large-patch14");
    assert.deepEqual(vector, Float32Array.from(vectorOf(768)));
  });

  it("has of a person 512 numbers, and the name that it was given", async () => {
    await start("enrichment");
    const { vector, modelId } = await embedder.embed(jpeg, signal);
    assert.deepEqual([vector.length, modelId], [512, "own"]);
  });

  it("has the name that it was given where the server says none", async () => {
    await start("clip");
    server.health = { status: "healthy" };
    assert.equal((await embedder.embed(jpeg, signal)).modelId, "own");
  });

  it("brings any length to 1", async () => {
    await start("clip");
    server.misbehave({ body: { embedding: vectorOf(768).map((value) => value * 40) } });
    const { vector } = await embedder.embed(jpeg, signal);
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  });

  const zeros = Array.from({ length: 768 }, () => 0);
  const wrong: readonly [what: string, embedding: unknown, code: string][] = [
    ["none", undefined, "AI_REPLY"],
    ["null for numbers", zeros.map(() => null), "AI_REPLY"],
    ["words", zeros.map(() => "1"), "AI_REPLY"],
    ["too few numbers", [1, 0], "AI_REPLY"],
    ["too many numbers", Array.from({ length: 10_000 }, () => 1), "AI_REPLY"],
    ["no direction", zeros, "AI_GARBAGE"],
    ["numbers beyond all bounds", zeros.map(() => 1e308), "AI_GARBAGE"],
  ];
  for (const [what, embedding, expected] of wrong) {
    it(`takes ${what} for ${expected}`, async () => {
      await start("clip");
      server.misbehave({ body: { embedding } });
      assert.equal(await code(), expected);
    });
  }

  it("has none of the gateway, which knows no persons", async () => {
    await start("gateway");
    assert.equal(await code(), "AI_GARBAGE");
  });
});
