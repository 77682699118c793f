import { deepEqual, equal, notEqual } from "node:assert/strict";
import { estimateRisk } from "../../../lib/analyze/estimate.ts";
import { eventOf, type Judgement, UNMEASURED } from "../../../lib/analyze/judge.ts";
import type { ModelVerdict } from "../../../lib/analyze/verdict.ts";
import { SecurityEvent } from "../../../lib/domain/event.ts";
import { deriveId } from "../../../lib/domain/ids.ts";
import { DEFAULT_RISK_BANDS } from "../../../lib/domain/risk.ts";
import { toMillis } from "../../../lib/domain/time.ts";
import { batch, camera, detection, NOON } from "./fixtures.ts";

const seen = batch(
  [
    detection({ label: "car", confidence: 0.6 }),
    detection({ confidence: 0.8 }),
    detection({ label: "car", confidence: 0.7 }),
  ],
  { fast_path: true, thumbnail_path: "/data/thumb.jpg", context: { zones: ["porch"] } },
);
const common = {
  batch: seen,
  camera,
  nodeId: "node_1",
  picturePath: "/data/picture.jpg",
  bands: DEFAULT_RISK_BANDS,
  now: toMillis(NOON),
};
const estimate = estimateRisk(seen, 14);
const verdict: ModelVerdict = {
  reasoning: "Two reasons.",
  entities: [{ type: "person", description: "Waits at the door.", threat_level: "low" }],
  flags: [{ type: "loitering", description: "Seven minutes.", severity: "warning" }],
  summary: "A visitor.",
  risk_score: 61,
  confidence: 0.7,
  recommended_action: null,
};
const usage = { prompt_tokens: 900, completion_tokens: 120, cached_tokens: 700, latency_ms: 2_400 };

const notSaid = ({ entities, flags, confidence }: SecurityEvent) => ({ entities, flags, confidence });
const measured = ({ prompt_tokens, completion_tokens, cached_tokens, latency_ms }: SecurityEvent) => ({
  prompt_tokens,
  completion_tokens,
  cached_tokens,
  latency_ms,
});

describe("eventOf", () => {
  it("carries the batch, the camera and a model's verdict", () => {
    const judgement: Judgement = {
      analysis: "model",
      verdict,
      model: "nano",
      promptVersion: "basic-1",
      usage,
      final: true,
    };
    deepEqual(eventOf({ ...common, judgement }), {
      event_id: deriveId("event", "ba_1", "node_1"),
      batch_id: "ba_1",
      camera_id: "front_door",
      camera_name: "Front door",
      started_at: NOON,
      ended_at: "2026-11-20T13:30:20.000Z",
      revision: 1,
      final: true,
      risk_score: 61,
      risk_level: "high",
      analysis: "model",
      summary: "A visitor.",
      reasoning: "Two reasons.",
      recommended_action: null,
      entities: verdict.entities,
      flags: verdict.flags,
      confidence: 0.7,
      labels: ["person", "car"],
      detection_count: 3,
      fast_path: true,
      thumbnail_path: "/data/thumb.jpg",
      picture_path: "/data/picture.jpg",
      model: "nano",
      prompt_version: "basic-1",
      ...usage,
      reviewed: false,
      created_at: NOON,
      detections: seen.detections,
      context: { zones: ["porch"] },
    });
  });

  it("marks an estimate that a verdict will replace", () => {
    const event = eventOf({ ...common, judgement: { analysis: "rules", estimate, final: false } });
    equal(event.final, false);
    equal(event.risk_score, 25);
    equal(event.risk_level, "low");
    equal(event.reasoning, estimate.reasoning);
    equal(event.model, null);
    equal(event.prompt_version, null);
    deepEqual(notSaid(event), { entities: [], flags: [], confidence: null });
    deepEqual(measured(event), UNMEASURED);
  });

  it("invents nothing where nobody judged", () => {
    const judgement: Judgement = { analysis: "none", reason: "The reply is empty", model: "nano", usage, final: true };
    const event = eventOf({ ...common, judgement });
    equal(event.risk_score, null);
    equal(event.risk_level, null);
    equal(event.recommended_action, null);
    equal(event.summary, "Not analysed: person, car");
    equal(event.reasoning, "The reply is empty");
    equal(event.final, true);
    equal(event.model, "nano");
    deepEqual(notSaid(event), { entities: [], flags: [], confidence: null });
    deepEqual(measured(event), usage);
  });

  const judgements: Judgement[] = [
    { analysis: "model", verdict, model: null, promptVersion: "basic-1", usage, final: true },
    { analysis: "rules", estimate, final: true },
    { analysis: "none", reason: "refused", model: null, usage: UNMEASURED, final: true },
  ];
  for (const judgement of judgements) {
    it(`makes a valid event of ${judgement.analysis}`, () => {
      const event = eventOf({ ...common, batch: batch([]), judgement });
      deepEqual(SecurityEvent.parse(event), event);
      equal("context" in event, false);
    });
  }

  it("takes the level from the site's bands", () => {
    const bands = { lowMax: 10, mediumMax: 20, highMax: 24 };
    equal(
      eventOf({ ...common, bands, judgement: { analysis: "rules", estimate, final: true } }).risk_level,
      "critical",
    );
  });

  it("is another event for another node, and the same for the same", () => {
    const judgement: Judgement = { analysis: "rules", estimate, final: true };
    const { event_id } = eventOf({ ...common, judgement });
    equal(eventOf({ ...common, judgement, now: 0 }).event_id, event_id);
    notEqual(eventOf({ ...common, judgement, nodeId: "node_2" }).event_id, event_id);
  });
});
