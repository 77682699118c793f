import { deepEqual, equal } from "node:assert/strict";
import { type AlertRule, alertOf, decide, type LiveLimits } from "../../../lib/alert/decide.ts";
import { Alert } from "../../../lib/domain/alert.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import { deriveId } from "../../../lib/domain/ids.ts";
import {
  CAMERA_DEFAULTS,
  type CameraSettings,
  SITE_DEFAULTS,
  type SiteSettings,
} from "../../../lib/domain/settings.ts";
import { toIso, toMillis } from "../../../lib/domain/time.ts";

const ENDED = "2026-11-20T13:30:00.000Z";
const NOW = toMillis(ENDED) + 60_000;
const MINUTE = 60_000;

const EVENT: SecurityEvent = {
  event_id: "ev_1",
  batch_id: "ba_1",
  camera_id: "front_door",
  camera_name: "Front door",
  started_at: ENDED,
  ended_at: ENDED,
  revision: 2,
  final: true,
  risk_score: 60,
  risk_level: "high",
  analysis: "model",
  summary: "A visitor.",
  reasoning: "A person by day.",
  recommended_action: null,
  entities: [],
  flags: [],
  confidence: null,
  labels: ["person", "car"],
  detection_count: 2,
  fast_path: false,
  thumbnail_path: null,
  picture_path: null,
  model: null,
  prompt_version: null,
  prompt_tokens: null,
  completion_tokens: null,
  cached_tokens: null,
  latency_ms: null,
  reviewed: false,
  created_at: ENDED,
  detections: [],
};
const UNSCORED = { risk_score: null, risk_level: null, analysis: "none" } as const;
const RULE: AlertRule = { minScore: 60, labels: [], zones: [], unanalyzed: "alert" };
/** What nobody has limited. */
const UNLIMITED = [
  { name: "mode", passed: true, detail: "mode home, nothing alerts in mode off" },
  { name: "switch", passed: true, detail: "alerts are on" },
  { name: "snooze", passed: true, detail: "not snoozed" },
];
const LIMITS: LiveLimits = { camera: CAMERA_DEFAULTS, site: SITE_DEFAULTS };

describe("decide", () => {
  const cases: [string, Partial<SecurityEvent>, Partial<AlertRule>, number, string[]][] = [
    ["a score at the threshold", {}, {}, NOW, []],
    ["a score below it", { risk_score: 59 }, {}, NOW, ["score"]],
    ["score 0 with threshold 0", { risk_score: 0 }, { minScore: 0 }, NOW, []],
    ["a wanted label", {}, { labels: ["dog", "car"] }, NOW, []],
    ["a wanted label in other letters", { labels: ["Person"] }, { labels: ["PERSON"] }, NOW, []],
    ["no wanted label", {}, { labels: ["dog"] }, NOW, ["labels"]],
    ["no label at all", { labels: [] }, { labels: ["dog"] }, NOW, ["labels"]],
    ["no score, which alerts", UNSCORED, {}, NOW, []],
    ["no score, which is suppressed", UNSCORED, { unanalyzed: "suppress" }, NOW, ["unanalyzed"]],
    ["no score and no wanted label", UNSCORED, { labels: ["dog"] }, NOW, ["labels"]],
    ["15 minutes ago", {}, {}, toMillis(ENDED) + 15 * MINUTE, []],
    ["longer ago", {}, {}, toMillis(ENDED) + 15 * MINUTE + 1, ["late"]],
    ["a camera whose clock is ahead", {}, {}, toMillis(ENDED) - MINUTE, []],
    [
      "nothing that fits",
      { risk_score: 1, labels: [] },
      { labels: ["dog"] },
      NOW + 60 * MINUTE,
      ["score", "labels", "late"],
    ],
  ];
  for (const [what, event, rule, now, failed] of cases) {
    it(`${what}: ${failed.length === 0 ? "alert" : `suppressed by ${failed.join(", ")}`}`, () => {
      const { outcome, conditions } = decide({ ...EVENT, ...event }, { ...RULE, ...rule }, LIMITS, now);
      deepEqual(
        conditions.filter(({ passed }) => !passed).map(({ name }) => name),
        failed,
      );
      equal(outcome, failed.length === 0 ? "alert" : "suppressed");
    });
  }

  const until = (minutes: number) => ({ snoozed_until: toIso(NOW + minutes * MINUTE) });
  const limited: [string, Partial<CameraSettings>, Partial<SiteSettings>, string[]][] = [
    ["a risk threshold at the score", { risk_threshold: 60 }, {}, []],
    ["a risk threshold above it", { risk_threshold: 61 }, {}, ["threshold"]],
    ["alerts off for the camera", { alerts: false }, {}, ["switch"]],
    ["alerts off for the site", {}, { alerts: false }, ["switch"]],
    ["mode off", {}, { mode: "off" }, ["mode"]],
    ["mode night", {}, { mode: "night" }, []],
    ["a snooze of the camera", until(1), {}, ["snooze"]],
    ["a snooze of the site", {}, until(1), ["snooze"]],
    ["a snooze that ends this instant", until(0), until(-5), []],
    ["detection off, which is another matter", { detection: false }, {}, []],
  ];
  for (const [what, camera, site, failed] of limited) {
    it(`${what}: ${failed.length === 0 ? "alert" : `suppressed by ${failed.join(", ")}`}`, () => {
      const limits = { camera: { ...CAMERA_DEFAULTS, ...camera }, site: { ...SITE_DEFAULTS, ...site } };
      const { conditions } = decide(EVENT, RULE, limits, NOW);
      deepEqual(
        conditions.filter(({ passed }) => !passed).map(({ name }) => name),
        failed,
      );
    });
  }

  const seen = (id: string, label: string): Detection => ({
    detection_id: id,
    upload_id: "up_1",
    captured_at: ENDED,
    offset_ms: 0,
    label,
    confidence: 0.9,
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    frame_width: 10,
    frame_height: 10,
  });
  const detections = [seen("de_1", "person"), seen("de_2", "car")];
  const zoned: [string, string[], string[], Record<string, unknown> | undefined, boolean][] = [
    ["a person on the drive", ["person"], ["drive"], { zone_members: { drive: ["de_1"] } }, true],
    [
      "a car on the drive, and the person elsewhere",
      ["person"],
      ["drive"],
      { zone_members: { drive: ["de_2"], lawn: ["de_1"] } },
      false,
    ],
    ["anything on the drive", [], ["lawn", "drive"], { zone_members: { drive: ["de_2"] } }, true],
    ["nothing in a zone", [], ["drive"], { zone_members: {} }, false],
    ["an event that nobody has enriched", [], ["drive"], undefined, false],
    ["zones that make no sense", [], ["drive"], { zone_members: ["de_1"] }, false],
  ];
  for (const [what, labels, zones, context, passed] of zoned) {
    it(`with zones: ${what} ${passed ? "alerts" : "does not alert"}`, () => {
      const event = { ...EVENT, detections, ...(context && { context }) };
      const { conditions } = decide(event, { ...RULE, labels, zones }, LIMITS, NOW);
      equal(conditions.find(({ name }) => name === "zones")?.passed, passed);
    });
  }

  it("says for whom alerts are off and until when they are snoozed", () => {
    const camera = { ...CAMERA_DEFAULTS, alerts: false, ...until(5) };
    const site = { ...SITE_DEFAULTS, alerts: false, ...until(30) };
    const { conditions } = decide(EVENT, RULE, { camera, site }, NOW);
    deepEqual(
      conditions.filter(({ passed }) => !passed).map(({ detail }) => detail),
      ["alerts are off for the camera and for the whole site", `snoozed until ${toIso(NOW + 30 * MINUTE)}`],
    );
  });

  it("has no threshold for an event without a score", () => {
    const limits = { ...LIMITS, camera: { ...CAMERA_DEFAULTS, risk_threshold: 90 } };
    equal(decide({ ...EVENT, ...UNSCORED }, RULE, limits, NOW).outcome, "alert");
  });

  it("records every condition, in words", () => {
    deepEqual(decide(EVENT, { ...RULE, labels: ["Person"] }, LIMITS, NOW), {
      outcome: "alert",
      severity: "high",
      conditions: [
        { name: "score", passed: true, detail: "score 60, alerts from 60" },
        { name: "threshold", passed: true, detail: "score 60, the camera's risk threshold is 0" },
        { name: "labels", passed: true, detail: "saw person, car, alerts for Person" },
        { name: "late", passed: true, detail: "ended 1 min ago, alerts up to 15 min" },
        ...UNLIMITED,
      ],
    });
    const unwanted = { ...RULE, unanalyzed: "suppress" } as const;
    deepEqual(decide({ ...EVENT, ...UNSCORED, labels: [] }, unwanted, LIMITS, NOW - 2 * MINUTE), {
      outcome: "suppressed",
      severity: null,
      conditions: [
        { name: "unanalyzed", passed: false, detail: "no score, events without one are suppressed" },
        { name: "labels", passed: true, detail: "saw nothing, alerts for anything" },
        { name: "late", passed: true, detail: "ended 0 min ago, alerts up to 15 min" },
        ...UNLIMITED,
      ],
    });
  });
});

describe("alertOf", () => {
  it("is a valid record of the decision and its event", () => {
    const decision = decide(EVENT, RULE, LIMITS, NOW);
    const alert = alertOf(EVENT, "node_1", decision, NOW);
    deepEqual(alert, {
      alert_id: deriveId("alert", "ev_1", "node_1"),
      event_id: "ev_1",
      camera_id: "front_door",
      revision: 2,
      ...decision,
      created_at: toIso(NOW),
      event: EVENT,
    });
    deepEqual(Alert.parse(alert), alert);
  });
});
