import { equal, match } from "node:assert/strict";
import type { AlertRecord } from "../../../lib/domain/alert.ts";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { decisionLine, eventLine, traceOf } from "../../../lib/site/trace.ts";

describe("the log", () => {
  const upload = { upload_id: "u1" };
  const cases: [payload: unknown, says: string][] = [
    [upload, "porch: upload u1 leaves by output 1"],
    [{ upload, inspection_id: "i1" }, "porch: upload u1, inspection i1 leaves by output 1"],
    [{ batch_id: "b1", uploads: [upload] }, "porch: batch b1 leaves by output 1"],
    [{ event_id: "e1", batch_id: "b1" }, "porch: batch b1, event e1 leaves by output 1"],
    [{ count: 3 }, "porch: a message leaves by output 1"],
    [null, "porch: a message leaves by output 1"],
    [{ upload_id: 7 }, "porch: a message leaves by output 1"],
    [{ upload_id: "a\n\u0007b" }, "porch: upload a b leaves by output 1"],
  ];
  for (const [payload, says] of cases) {
    it(`follows ${JSON.stringify(payload)}`, () => equal(traceOf({ _msgid: "m", topic: "porch", payload }, 0), says));
  }

  it("tells of an event on one line, whatever a model has written", () => {
    const event: EventRecord = {
      ...{ camera_id: "porch", camera_name: "Porch", event_id: "e1", batch_id: "b1", revision: 2, final: true },
      ...{ risk_score: 72, risk_level: "high", analysis: "model", model: "nemotron", latency_ms: 3210 },
      ...{ summary: "Somebody\ntries the door", reasoning: "", recommended_action: null, entities: [], flags: [] },
      ...{
        confidence: null,
        labels: [],
        detection_count: 1,
        fast_path: false,
        thumbnail_path: null,
        picture_path: null,
      },
      ...{ prompt_version: null, prompt_tokens: null, completion_tokens: null, cached_tokens: null, reviewed: false },
      ...{ started_at: toIso(0), ended_at: toIso(0), created_at: toIso(0) },
    };
    equal(
      eventLine(event),
      "porch: event e1 of batch b1, revision 2: high (72) by nemotron in 3.2 s: Somebody tries the door",
    );
    const unjudged: EventRecord = {
      ...event,
      risk_score: null,
      risk_level: null,
      analysis: "none",
      model: null,
      latency_ms: null,
    };
    match(eventLine(unjudged), /: not analysed by nobody: /);
  });

  it("tells what was decided on an event, and why", () => {
    const decision: AlertRecord = {
      ...{ alert_id: "a1", event_id: "e1", camera_id: "porch", incident_id: null, revision: 2, outcome: "alert" },
      ...{
        update_count: 0,
        state: "pending",
        rule: "Persons",
        severity: "high",
        effective_score: 72,
        adjustment: null,
      },
      ...{
        calibration: null,
        dedup_key: "porch",
        channels: [],
        reason: 'Rule "Persons" holds',
        conditions: [],
        rules: [],
      },
      ...{ created_at: toIso(0), decided_at: toIso(0) },
    };
    equal(decisionLine(decision), 'porch: event e1, revision 2, raises the alert a1, high: Rule "Persons" holds');
    match(decisionLine({ ...decision, update_count: 1 }), /, brings up to date the alert a1, high: /);
    match(
      decisionLine({ ...decision, outcome: "suppressed", reason: "No rule holds" }),
      /, alerts nobody: No rule holds$/,
    );
  });
});
