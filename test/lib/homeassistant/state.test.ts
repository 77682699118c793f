import assert from "node:assert/strict";
import fc from "fast-check";
import type { PublishedAlert } from "../../../lib/domain/alert.ts";
import type { Detected, Detection } from "../../../lib/domain/detection.ts";
import type { EventRecord, SecurityEvent } from "../../../lib/domain/event.ts";
import type { MqttPacket } from "../../../lib/domain/mqtt-packet.ts";
import { siteTopics } from "../../../lib/domain/topics.ts";
import { CAMERA_ENTITIES } from "../../../lib/homeassistant/entities/camera.ts";
import {
  alertPackets,
  cameraPackets,
  decisionPackets,
  detectionPackets,
  eventPackets,
  hubPackets,
  nothingSeenPackets,
  retainedPackets,
} from "../../../lib/homeassistant/state.ts";
import { RESERVED_ATTRIBUTES } from "./contract.ts";

const topics = siteTopics("vigil", "home");
const camera = "vigil/home/camera/front_door";
const picture = Buffer.from([0xff, 0xd8, 0xff]);
/** Nothing was published before. */
const FIRST = { isLatest: true, hasFired: false };

const judged: EventRecord = {
  event_id: "ev_1",
  batch_id: "ba_1",
  camera_id: "front_door",
  camera_name: "Front door",
  started_at: "2026-11-20T08:00:00.000Z",
  ended_at: "2026-11-20T08:00:10.000Z",
  revision: 1,
  final: true,
  risk_score: 72,
  risk_level: "high",
  analysis: "model",
  summary: "A person tries the door handle.",
  reasoning: "Nobody is at home.",
  recommended_action: "Look at the picture.",
  entities: [{ type: "person", description: "Adult at the door", threat_level: "medium" }],
  flags: [{ type: "tampering", description: "Tries the handle", severity: "alert" }],
  confidence: 0.8,
  labels: ["person"],
  detection_count: 3,
  fast_path: false,
  thumbnail_path: "/data/thumbnails/1.jpg",
  picture_path: null,
  model: "nemotron",
  prompt_version: "1",
  prompt_tokens: 900,
  completion_tokens: 120,
  cached_tokens: 700,
  latency_ms: 2_400,
  reviewed: false,
  created_at: "2026-11-20T08:00:12.000Z",
};
const unjudged: EventRecord = {
  ...judged,
  risk_score: null,
  risk_level: null,
  analysis: "none",
  summary: "Not analysed.",
};

/** The event entity's payload. */
function haEvent(event: EventRecord): Record<string, unknown> {
  const packet = eventPackets(event, topics, null, FIRST).find(({ topic }) => topic === `${camera}/security`);
  assert.ok(packet);
  return JSON.parse(packet.payload.toString());
}

function payloadOf(packets: MqttPacket[], topic: string): string | undefined {
  return packets.find((packet) => packet.topic === topic)?.payload.toString();
}

describe("an event's packets", () => {
  const keys = (standing: Partial<typeof FIRST>) =>
    eventPackets(judged, topics, picture, { ...FIRST, ...standing }).map(({ topic }) => topic.split("/").at(-1));

  it("leave the camera's state alone where it has a newer event", () => {
    assert.deepEqual(keys({ isLatest: false }), ["security", "security_events"]);
  });

  it("fire the event entity once for an event", () => {
    assert.deepEqual(keys({ hasFired: true }), [
      "last_picture",
      "risk_score",
      "risk_level",
      "summary",
      "last_event",
      "security_events",
    ]);
  });

  it("come as picture, sensors, event and record, each retained or not as declared", () => {
    const packets = eventPackets(judged, topics, picture, FIRST);
    assert.deepEqual(
      packets.map(({ topic, retain }) => [topic, retain]),
      [
        [`${camera}/last_picture`, true],
        [`${camera}/risk_score`, true],
        [`${camera}/risk_level`, true],
        [`${camera}/summary`, true],
        [`${camera}/last_event`, true],
        [`${camera}/security`, false],
        ["vigil/home/security_events", false],
      ],
    );
    assert.deepEqual(packets[0]?.payload, picture);
    assert.deepEqual(
      packets.slice(1, 5).map(({ payload }) => payload),
      ["72", "high", judged.summary, judged.started_at],
    );
    assert.deepEqual(haEvent(judged), { event_type: "high", ...judged });
    assert.deepEqual(JSON.parse(String(packets[6]?.payload)), { type: "event", data: judged });
  });

  it("leave out a picture that there is not", () => {
    assert.equal(payloadOf(eventPackets(judged, topics, null, FIRST), `${camera}/last_picture`), undefined);
  });

  it("of an estimate move the sensors without firing the event entity", () => {
    const packets = eventPackets({ ...judged, final: false }, topics, null, FIRST);
    assert.deepEqual(
      packets.map(({ topic }) => topic),
      [
        ...["risk_score", "risk_level", "summary", "last_event"].map((key) => `${camera}/${key}`),
        topics.securityEvents,
      ],
    );
  });

  it("of an event that nobody judged say so, and have no score", () => {
    const packets = eventPackets(unjudged, topics, null, FIRST);
    assert.equal(payloadOf(packets, `${camera}/risk_score`), "None");
    assert.equal(payloadOf(packets, `${camera}/risk_level`), "not_analyzed");
    assert.equal(haEvent(unjudged).event_type, "not_analyzed");
    assert.equal(haEvent(unjudged).risk_score, null);
  });

  it("give the event entity only types that discovery announced", () => {
    const types: readonly string[] = CAMERA_ENTITIES.security.event_types;
    for (const risk_level of ["low", "medium", "high", "critical", null] as const) {
      assert.ok(types.includes(String(haEvent({ ...judged, risk_level }).event_type)));
    }
  });

  it("name no attribute that Home Assistant would take away", () => {
    assert.deepEqual(
      Object.keys(haEvent(judged)).filter((key) => RESERVED_ATTRIBUTES.includes(key)),
      [],
    );
  });

  it("carry the record alone, without detections and context", () => {
    const event: SecurityEvent = { ...judged, detections: [], context: { scene: "night" } };
    const packets = eventPackets(event, topics, null, FIRST);
    assert.deepEqual(JSON.parse(payloadOf(packets, topics.securityEvents) ?? ""), { type: "event", data: judged });
    assert.deepEqual(haEvent(event), { event_type: "high", ...judged });
  });

  it("keep the full texts for the event entity while they fit, and cut them below its limit", () => {
    const long = "Wörter und 👩‍👩‍👧 ".repeat(60);
    assert.equal(haEvent({ ...judged, reasoning: long }).reasoning, long);
    assert.equal(haEvent({ ...judged, summary: long.slice(0, 1_000) }).summary, long.slice(0, 1_000));

    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 4_000 }),
      fc.constantFrom('"', "\n", "\u0001", "é", "漢", "👩‍👩‍👧", "\ud800", "x").map((unit) => unit.repeat(20_000)),
    );
    const named = { type: text, description: text };
    const threat_level = fc.constantFrom("low", "medium", "high");
    const severity = fc.constantFrom("warning", "alert", "critical");
    const record = {
      summary: text,
      reasoning: text,
      recommended_action: text,
      labels: fc.array(fc.string({ unit: "binary", maxLength: 64 })),
      entities: fc.array(fc.record({ ...named, threat_level }), { maxLength: 10 }),
      flags: fc.array(fc.record({ ...named, severity }), { maxLength: 10 }),
    };
    fc.assert(
      fc.property(fc.record(record), (texts) => {
        const payload =
          payloadOf(eventPackets({ ...judged, ...texts }, topics, null, FIRST), `${camera}/security`) ?? "";
        assert.ok(Buffer.byteLength(payload) <= 15_000, `${Buffer.byteLength(payload)} bytes`);
        // With half a surrogate pair Home Assistant would refuse the whole event.
        assert.doesNotMatch(payload, /\\ud[89a-f]/i);
      }),
      { numRuns: 25 },
    );
  });

  it("leave the last of too long a list of entities or flags out of the event entity", () => {
    const description = "An adult in dark clothes. ".repeat(8);
    const entities = Array.from({ length: 10 }, () => ({ type: "person", description, threat_level: "low" as const }));
    const flags = entities.map(({ type }) => ({ type, description, severity: "alert" as const }));
    const attributes = haEvent({ ...judged, entities, flags });
    assert.deepEqual(attributes.entities, entities.slice(0, 9));
    assert.deepEqual(attributes.flags, flags.slice(0, 9));
    const record =
      payloadOf(eventPackets({ ...judged, entities, flags }, topics, null, FIRST), topics.securityEvents) ?? "";
    assert.deepEqual(JSON.parse(record).data.entities, entities);
  });

  describe("have a summary sensor", () => {
    const family = "👩‍👩‍👧";
    const summaries: [string, string, string][] = [
      ["of 255 characters as it is", "a".repeat(255), "a".repeat(255)],
      ["of 255 emoji as it is", "🐈".repeat(255), "🐈".repeat(255)],
      ["cut to 255 characters", "a".repeat(256), `${"a".repeat(254)}…`],
      ["never cut within a letter", `${"a".repeat(253)}e\u0301b`, `${"a".repeat(253)}…`],
      ["never cut within an emoji", family.repeat(52), `${family.repeat(50)}…`],
      ["without a space before the ellipsis", `${"a".repeat(250)}      bbbbb`, `${"a".repeat(250)}…`],
      ["with no half of a surrogate pair", "cat \ud83d", "cat \ufffd"],
      ["that is empty where there is none", "", ""],
    ];
    for (const [what, summary, expected] of summaries) {
      it(what, () => {
        const sent = payloadOf(retainedPackets({ ...judged, summary }, topics, null), `${camera}/summary`);
        assert.equal(sent, expected);
        assert.ok([...(sent ?? "")].length <= 255);
      });
    }
  });
});

describe("what the broker keeps of an event", () => {
  it("is its picture and the sensors, all retained", () => {
    const packets = retainedPackets(judged, topics, picture);
    assert.deepEqual(packets, eventPackets(judged, topics, picture, FIRST).slice(0, 5));
    assert.ok(packets.every(({ retain }) => retain));
  });
});

describe("an alert's packets", () => {
  const alert: PublishedAlert = {
    alert_id: "al_1",
    event_id: "ev_1",
    camera_id: "front_door",
    incident_id: "ic_1",
    revision: 1,
    outcome: "alert",
    update_count: 0,
    state: "pending",
    rule: "High risk",
    severity: "high",
    effective_score: 72,
    adjustment: null,
    calibration: null,
    dedup_key: "front_door:High risk",
    channels: [],
    reason: 'Rule "High risk" holds',
    conditions: [{ name: "threshold", passed: true, value: 72, asked: "60 or more" }],
    rules: [
      {
        name: "High risk",
        passed: true,
        conditions: [{ name: "score", passed: true, value: 72, asked: "60 or more" }],
      },
    ],
    created_at: "2026-11-20T08:00:13.000Z",
    decided_at: "2026-11-20T08:00:13.000Z",
    event: judged,
  };

  it("are its picture, then the event with the decision", () => {
    const [image, event, ...others] = alertPackets(alert, topics, picture);
    assert.deepEqual(image, { topic: `${camera}/last_alert`, payload: picture, retain: true });
    assert.deepEqual([event?.topic, event?.retain], [`${camera}/alert`, false]);
    assert.deepEqual(JSON.parse(String(event?.payload)), {
      event_type: "high",
      ...judged,
      alert_id: "al_1",
      severity: "high",
      rule: "High risk",
      incident_id: "ic_1",
      update_count: 0,
      effective_score: 72,
      reason: 'Rule "High risk" holds',
      conditions: alert.conditions,
      rules: alert.rules,
    });
    assert.deepEqual(others, []);
  });

  it("are of a type that discovery announced, also where nobody judged", () => {
    const [packet] = alertPackets({ ...alert, severity: null, event: unjudged }, topics, null);
    assert.equal(JSON.parse(String(packet?.payload)).event_type, "not_analyzed");
  });

  it("stay below what Home Assistant keeps, whatever the conditions say", () => {
    const conditions = alert.conditions.flatMap((each) => new Array(10).fill({ ...each, asked: "漢".repeat(200) }));
    const rules = new Array(30).fill({ name: "漢".repeat(64), passed: false, conditions });
    const large = { ...alert, conditions, rules, reason: "漢".repeat(20_000) };
    const [packet] = alertPackets(large, topics, null);
    assert.ok(Buffer.byteLength(packet?.payload ?? "") <= 15_000);
    const [attributes, state] = decisionPackets(large, topics);
    assert.ok(Buffer.byteLength(attributes?.payload ?? "") <= 15_000);
    assert.equal([...String(state?.payload)].length, 255);
  });

  it("have the severity as their type where the rule says it", () => {
    const [packet] = alertPackets({ ...alert, severity: "critical" }, topics, null);
    assert.equal(JSON.parse(String(packet?.payload)).event_type, "critical");
  });

  it("leave behind why, for the camera's sensor", () => {
    const { event: _, ...decision } = alert;
    assert.deepEqual(
      decisionPackets(alert, topics).map(({ topic, payload, retain }) => [topic, String(payload), retain]),
      [
        [`${camera}/last_decision/attributes`, JSON.stringify(decision), true],
        [`${camera}/last_decision`, alert.reason, true],
      ],
    );
  });
});

describe("states", () => {
  it("are ON and OFF, numbers, texts and None, retained as declared", () => {
    const packets = cameraPackets("front_door", topics, {
      online: true,
      alerts: false,
      events_today: 0,
      risk_score: null,
    });
    assert.deepEqual(packets, [
      { topic: `${camera}/online`, payload: "ON", retain: true },
      { topic: `${camera}/alerts`, payload: "OFF", retain: true },
      { topic: `${camera}/events_today`, payload: "0", retain: true },
      { topic: `${camera}/risk_score`, payload: "None", retain: true },
    ]);
  });

  it("of what is seen are kept only where nothing is", () => {
    const keys = ["motion", "person", "vehicle", "animal"];
    assert.deepEqual(
      nothingSeenPackets("front_door", topics),
      keys.map((key) => ({ topic: `${camera}/${key}`, payload: "OFF", retain: true })),
    );
    assert.deepEqual(cameraPackets("front_door", topics, { person: true }), [
      { topic: `${camera}/person`, payload: "ON", retain: false },
    ]);
  });

  it("of the hub come with the causes of its problem before it", () => {
    assert.deepEqual(hubPackets(topics, { problem: true }, { problem: { causes: ["garage is silent"] } }), [
      { topic: "vigil/home/hub/problem/attributes", payload: '{"causes":["garage is silent"]}', retain: true },
      { topic: "vigil/home/hub/problem", payload: "ON", retain: true },
    ]);
  });
});

describe("a detection's packets", () => {
  const seen = (...labels: string[]): Detected => ({
    inspection_id: "in_1",
    upload: {
      upload_id: "up_1",
      camera_id: "front_door",
      path: "/ftp/front/1.jpg",
      media_type: "image",
      size: 1,
      captured_at: "2026-11-20T08:00:00.000Z",
      received_at: "2026-11-20T08:00:01.000Z",
      sha256: "0".repeat(64),
    },
    frame: { width: 10, height: 10 },
    detections: labels.map(
      (label, index): Detection => ({
        detection_id: `de_${index}`,
        upload_id: "up_1",
        captured_at: "2026-11-20T08:00:00.000Z",
        offset_ms: 0,
        label,
        confidence: 0.9,
        x: 0,
        y: 0,
        width: 1,
        height: 1,
        frame_width: 10,
        frame_height: 10,
      }),
    ),
    still_path: null,
    thumbnail_path: null,
    detector: "test",
    inference_ms: null,
  });

  const on = (key: string): MqttPacket => ({ topic: `${camera}/${key}`, payload: "ON", retain: false });
  const cases: [string, Detected, Buffer | null, MqttPacket[]][] = [
    ["are none where nothing was seen", seen(), picture, []],
    ["turn motion on", seen("chair"), null, [on("motion")]],
    ["turn on what each label belongs to", seen("cat", "car"), null, [on("motion"), on("vehicle"), on("animal")]],
    [
      "come as picture, motion and person",
      seen("person", "pedestrian"),
      picture,
      [{ topic: `${camera}/last_picture`, payload: picture, retain: true }, on("motion"), on("person")],
    ],
  ];
  for (const [what, detected, image, expected] of cases) {
    it(what, () => assert.deepEqual(detectionPackets(detected, topics, image), expected));
  }
});
