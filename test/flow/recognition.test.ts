/** Re-identification in a real Node-RED, with a CLIP server and a plate reader: who is known, and what people say of it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Batch } from "../../lib/domain/batch.ts";
import { SecurityEvent } from "../../lib/domain/event.ts";
import { KnownEntities, type KnownEntity } from "../../lib/domain/identity.ts";
import { toIso } from "../../lib/domain/time.ts";
import { readJudged } from "../../lib/store/read-judged.ts";
import { dice, near, people } from "../lib/context/reid/people.ts";
import { type AiServer, startAiServer } from "../support/ai-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("recognising in a flow", function () {
  this.timeout(60_000);
  const random = dice(29);
  const [anna = [], ben = []] = people(2, 768, 0.6, random);
  let folder: string;
  let clip: AiServer;
  let plates: AiServer;
  let llm: LlmServer;
  let flow: Flow | null = null;
  let batches = 0;

  beforeEach(async () => {
    folder = tempFolder();
    [clip, plates, llm] = await Promise.all([startAiServer("clip"), startAiServer("plates"), startLlmServer()]);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await Promise.all([clip, plates, llm].map((server) => server.close()));
  });
  after(removeTempFolders);

  const start = async (changes: Partial<NodeConfig> = {}) => {
    const own = { clipUrl: clip.url, platesUrl: plates.url, animal: false, budget: 20, ...changes };
    flow = await startFlow([
      { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" },
      { id: "enrich", type: "enrich", site: "site", ...own, wires: [["out", "analyze"], ["answers"]] },
      { id: "analyze", type: "nemotron-analyze", site: "site", url: llm.url, wires: [["events"], []] },
      ...["out", "answers", "events"].map((id) => ({ id, type: "helper" })),
    ]);
    return flow;
  };

  /** One thing, in a picture that nobody has seen before. */
  const batchOf = async (label: string): Promise<Batch> => {
    batches += 1;
    const bytes = await scene(null, { seed: batches });
    const path = join(folder, "data/inbox", `${batches}.jpg`);
    mkdirSync(join(folder, "data/inbox"), { recursive: true });
    writeFileSync(path, bytes);
    const captured_at = toIso(Date.now() - 60_000 + batches * 1_000);
    const upload_id = `up_${batches}`;
    const times = { captured_at, received_at: captured_at };
    const box = { x: 100, y: 100, width: 100, height: 180, frame_width: 640, frame_height: 360 };
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return {
      batch_id: `ba_${batches}`,
      camera_id: "porch",
      started_at: captured_at,
      ended_at: captured_at,
      close_reason: "idle",
      fast_path: false,
      detections: [
        { detection_id: `de_${batches}`, upload_id, captured_at, offset_ms: 0, label, confidence: 0.9, ...box },
      ],
      uploads: [{ upload_id, camera_id: "porch", path, media_type: "image", size: bytes.length, ...times, sha256 }],
      still_path: null,
      thumbnail_path: null,
    };
  };
  const contextOf = async (running: Flow, batch: Batch) => {
    running.send("enrich", { _msgid: `${batch.batch_id} ${batches}`, payload: batch });
    const { payload } = await running
      .inbox("out")
      .next((message) => Object(message.payload).batch_id === batch.batch_id);
    return Object(Object(payload).context);
  };
  /** Somebody who looks so comes by. */
  const comes = async (running: Flow, look: ArrayLike<number>): Promise<KnownEntity> => {
    clip.misbehave({ body: { embedding: [...near(look, 0.97, random)] } });
    const { entities } = await contextOf(running, await batchOf("person"));
    const [entity, ...others] = KnownEntities.parse(entities);
    assert.ok(entity && others.length === 0);
    return entity;
  };
  const answer = async (running: Flow, command: string, payload?: unknown) => {
    const _msgid = `${command} ${running.inbox("answers").messages.length}`;
    running.send("enrich", { _msgid, command, payload });
    return Object((await running.inbox("answers").next((message) => message._msgid === _msgid)).payload);
  };

  it("knows who came again, whom people have named, and forgets whom they tell it to", async () => {
    let running = await start();
    const first = await comes(running, anna);
    assert.deepEqual(
      [first.match, first.trust, first.times_seen, first.detection_ids],
      ["new", "unknown", 1, [`de_${batches}`]],
    );
    const event = SecurityEvent.parse((await running.inbox("events").next()).payload);
    await answer(running, "enrol", { event_id: event.event_id, name: "Anna" });

    await running.stop();
    running = await start();
    const again = await comes(running, anna);
    assert.deepEqual(
      [again.entity_id, again.name, again.trust, again.match, again.times_seen],
      [first.entity_id, "Anna", "trusted", "look", 2],
    );
    assert.ok((again.similarity ?? 0) > 0.9);
    assert.notEqual((await comes(running, ben)).entity_id, first.entity_id);

    const { count, entities } = await answer(running, "entities");
    assert.deepEqual([count, entities[0].name, entities[0].models], [2, "Anna", ["clip-vit-large-patch14"]]);
    assert.deepEqual(await answer(running, "forget", first.entity_id), { forgotten: first.entity_id });
    assert.deepEqual((await comes(running, anna)).match, "new");
  });

  it("tells the model without ids, and keeps all with the event", async () => {
    const running = await start();
    const entity = await comes(running, anna);
    await running.inbox("events").next();
    const prompt = llm.requests.at(-1)?.prompt ?? "";
    assert.match(prompt, /Seen before:\n- \{"kind":"person","trust":"unknown","match":"new","first_seen_at":/);
    assert.ok(!prompt.includes(entity.entity_id));
    const { events } = readJudged(join(folder, "data"), { last: 1, cameraId: null });
    assert.deepEqual(events[0]?.batch.context?.entities, [entity]);
  });

  it("knows the household's vehicles by their plates", async () => {
    const vehicles = [{ name: "Our car", plate: "ab-123 cd", trust: "trusted" }];
    const running = await start({ vehicles, clipUrl: "" });
    const batch = await batchOf("car");
    const { entities, plates: read } = await contextOf(running, batch);
    const [car] = KnownEntities.parse(entities);
    assert.deepEqual(
      [car?.name, car?.plate, car?.trust, car?.kind, car?.detection_ids],
      ["Our car", "AB123CD", "trusted", "vehicle", [`de_${batches}`]],
    );
    assert.deepEqual(read[0], { detection_id: `de_${batches}`, plate: "AB 123 CD", confidence: 0.92 });
    // The user's own flow may read them as well.
    const own = { plates: [{ detection_id: `de_${batches + 1}`, plate: "AB·123·CD" }] };
    plates.misbehave(500);
    const later = KnownEntities.parse(
      (await contextOf(running, { ...(await batchOf("truck")), context: own })).entities,
    );
    assert.deepEqual([later[0]?.entity_id, later[0]?.match, later[0]?.times_seen], [car?.entity_id, "plate", 2]);
  });

  it("says to enrol again, once, when the server runs another model", async () => {
    let running = await start();
    const { detection_ids } = await comes(running, anna);
    await answer(running, "enrol", { detection_id: detection_ids[0], name: "Anna" });
    await running.stop();
    clip.health = { status: "healthy", model: "clip-other" };
    running = await start();
    const stranger = await comes(running, anna);
    assert.deepEqual([stranger.match, stranger.trust, stranger.name], ["enrol_again", "unknown", undefined]);
    await comes(running, ben);
    const said = running.log.filter((line) => /enrol/.test(line));
    assert.deepEqual(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", /Anna .*clip-other.*enrol them again/);
  });

  it("goes on without looks where the model is away, and says so", async () => {
    const running = await start({ platesUrl: "" });
    clip.misbehave(503);
    const { entities, unavailable } = await contextOf(running, await batchOf("person"));
    assert.equal(entities, undefined);
    assert.match(unavailable["entities.looks"], /1 of 1 .*503/);
  });

  it("takes no plate for a person's", async () => {
    const running = await start({ clipUrl: "", platesUrl: "" });
    const batch = await batchOf("person");
    const own = { plates: [{ detection_id: `de_${batches}`, plate: "AB 123 CD" }] };
    assert.equal((await contextOf(running, { ...batch, context: own })).entities, undefined);
  });

  it("refuses a plate that is none, and names the field", async () => {
    const running = await start({ vehicles: [{ name: "x", plate: "?" }] });
    await eventually(
      () => running.log.some((line) => /enrich error: .*vehicles.*2 to 12 letters and digits/.test(line)),
      "the complaint",
    );
  });
});
