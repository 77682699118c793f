import { deepEqual, equal } from "node:assert/strict";
import { decide } from "../../../lib/alert/decide.ts";
import type { Circumstances } from "../../../lib/alert/gates.ts";
import type { AlertRule } from "../../../lib/alert/rule.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import { SITE_DEFAULTS } from "../../../lib/domain/settings.ts";
import { circumstancesOf, detection, eventWith, policyWith, ruleWith, UNSCORED } from "./fixtures.ts";

/** Of a rule with these conditions and an event like this, those that fail. */
function failing(rule: Partial<AlertRule>, event: Partial<SecurityEvent> = {}, around: Partial<Circumstances> = {}) {
  const whole = eventWith(event);
  const { rules } = decide(whole, policyWith({ rules: [ruleWith(rule)] }), circumstancesOf(whole, around));
  return rules[0]?.conditions.filter(({ passed }) => !passed).map(({ name }) => name);
}

type Case = [what: string, rule: Partial<AlertRule>, event: Partial<SecurityEvent>, failed: string[]];

const table = (cases: readonly Case[]) => {
  for (const [what, rule, event, failed] of cases) {
    it(`${what}: ${failed.length === 0 ? "holds" : `fails by ${failed.join(", ")}`}`, () => {
      deepEqual(failing(rule, event), failed);
    });
  }
};

describe("a rule", () => {
  describe("without conditions", () => {
    table([
      ["an event with a score", {}, {}, []],
      ["an event that shows nothing", {}, { labels: [], detections: [] }, []],
      ["an event without a score", {}, UNSCORED, ["events"]],
    ]);
  });

  describe("by score", () => {
    table([
      ["the score that is asked", { minScore: 60 }, {}, []],
      ["one less", { minScore: 60 }, { risk_score: 59 }, ["score"]],
      ["0 with 0 asked", { minScore: 0 }, { risk_score: 0 }, []],
      ["no score", { minScore: 0 }, UNSCORED, ["events", "score"]],
    ]);
    it("judges by the score that it is given, not by the model's", () => {
      const judgement = { score: 59, level: "medium" } as const;
      deepEqual(failing({ minScore: 60, minLevel: "high" }, {}, { judgement }), ["score", "level"]);
    });
  });

  describe("by level", () => {
    table([
      ["the level that is asked", { minLevel: "high" }, {}, []],
      ["a graver one", { minLevel: "medium" }, {}, []],
      ["a lesser one", { minLevel: "critical" }, {}, ["level"]],
      ["no level", { minLevel: "low" }, UNSCORED, ["events", "level"]],
    ]);
  });

  describe("for events without a score", () => {
    table([
      ["only those, and there is none", { events: "unscored" }, UNSCORED, []],
      ["only those, and there is one", { events: "unscored" }, {}, ["events"]],
      ["all, and there is none", { events: "all", minScore: 60, minLevel: "high" }, UNSCORED, []],
      [
        "all, and there is a low one",
        { events: "all", minScore: 60 },
        { risk_score: 10, risk_level: "low" },
        ["score"],
      ],
      ["all, and there is a high one", { events: "all", minScore: 60 }, {}, []],
    ]);
  });

  describe("by camera", () => {
    table([
      ["one of those", { cameras: ["yard", "porch"] }, {}, []],
      ["another", { cameras: ["yard"] }, {}, ["camera"]],
    ]);
  });

  describe("by label", () => {
    table([
      ["a wanted one", { labels: ["dog", "car"] }, {}, []],
      ["in other letters", { labels: ["person"] }, { detections: [detection("de_1", "Person")] }, []],
      ["one of a wanted group", { labels: ["vehicle"] }, {}, []],
      ["none that is wanted", { labels: ["dog"] }, {}, ["labels"]],
      ["none at all", { labels: ["dog"] }, { labels: [], detections: [] }, ["labels"]],
      ["of an event from elsewhere, without detections", { labels: ["person"] }, { detections: [] }, []],
    ]);
  });

  const IN_ZONES = { context: { zone_members: { drive: ["de_2"], lawn: ["de_1"] } } };

  describe("by zone", () => {
    table([
      ["something there", { zones: ["drive"] }, IN_ZONES, []],
      ["in one of several", { zones: ["door", "lawn"] }, IN_ZONES, []],
      ["nothing there", { zones: ["door"] }, IN_ZONES, ["zones"]],
      ["an event that nobody has enriched", { zones: ["drive"] }, {}, ["zones"]],
      ["zones that make no sense", { zones: ["drive"] }, { context: { zone_members: ["de_1"] } }, ["zones"]],
      ["an event without detections", { zones: ["drive"] }, { ...IN_ZONES, detections: [] }, ["zones"]],
    ]);
  });

  describe("by confidence", () => {
    table([
      ["just enough", { minConfidence: 0.9 }, {}, []],
      ["too little", { minConfidence: 0.91 }, {}, ["confidence"]],
      ["0, of which everybody has enough", { minConfidence: 0 }, {}, []],
      ["unknown", { minConfidence: 0 }, { detections: [] }, ["confidence"]],
    ]);
  });

  const STAYS = {
    context: {
      zone_members: { drive: ["de_1", "de_2"], lawn: ["de_1"] },
      zone_stays: { drive: { person: 20, vehicle: 3600 }, lawn: { person: 45 } },
    },
  };

  describe("by dwell", () => {
    table([
      ["just long enough", { minDwell: 3600 }, STAYS, []],
      ["too short", { minDwell: 3601 }, STAYS, ["dwell"]],
      ["a person long enough, anywhere", { minDwell: 45, labels: ["person"] }, STAYS, []],
      ["a parked car, and a person who just came", { minDwell: 60, labels: ["person"] }, STAYS, ["same_detection"]],
      [
        "a person long enough, but elsewhere",
        { minDwell: 45, labels: ["person"], zones: ["drive"] },
        STAYS,
        ["same_detection"],
      ],
      ["a person long enough, there", { minDwell: 20, labels: ["person"], zones: ["drive"] }, STAYS, []],
      ["in a zone where nobody has counted", { minDwell: 1 }, IN_ZONES, ["dwell"]],
      ["nobody in a zone", { minDwell: 1 }, {}, ["dwell"]],
    ]);
  });

  const baseline = (person: string, vehicle: string) => ({
    context: {
      baseline: [
        { kind: "person", verdict: person },
        { kind: "vehicle", verdict: vehicle },
      ],
    },
  });

  describe("by baseline", () => {
    table([
      ["unusual, as asked", { unusual: "unusual" }, baseline("unusual", "usual"), []],
      ["very unusual, which is more", { unusual: "unusual" }, baseline("usual", "very unusual"), []],
      ["unusual, which is too little", { unusual: "very unusual" }, baseline("unusual", "usual"), ["unusual"]],
      ["usual", { unusual: "unusual" }, baseline("usual", "usual"), ["unusual"]],
      ["not enough history", { unusual: "unusual" }, baseline("not enough history", "usual"), ["unusual"]],
      ["nobody has asked", { unusual: "unusual" }, {}, ["unusual"]],
      [
        "an unusual car, and a usual person",
        { unusual: "unusual", labels: ["person"] },
        baseline("usual", "unusual"),
        ["same_detection"],
      ],
    ]);
  });

  const entity = (trust: string, ...detection_ids: string[]) => ({ trust, detection_ids, name: "Ada" });
  const known = (...entities: unknown[]) => ({ context: { entities } });

  describe("by trust", () => {
    table([
      ["a trusted one, as asked", { trust: ["trusted"] }, known(entity("trusted", "de_1")), []],
      ["one who is not trusted, as asked", { trust: ["untrusted"] }, known(entity("untrusted", "de_1")), []],
      [
        "a trusted one only",
        { trust: ["untrusted", "unknown"], labels: ["person"] },
        known(entity("trusted", "de_1")),
        ["same_detection"],
      ],
      [
        "a trusted one, and another person",
        { trust: ["unknown"], labels: ["person"] },
        {
          ...known(entity("trusted", "de_1")),
          detections: [detection("de_1", "person"), detection("de_3", "person")],
        },
        [],
      ],
      ["nobody has looked, so nobody is known", { trust: ["unknown"] }, {}, []],
      ["nobody has looked, so nobody is trusted", { trust: ["trusted"] }, {}, ["trust"]],
      ["entities that make no sense", { trust: ["trusted"] }, known("Ada", { trust: "trusted" }), ["trust"]],
    ]);
  });

  describe("of one and the same detection", () => {
    table([
      ["a person on the lawn", { labels: ["person"], zones: ["lawn"] }, IN_ZONES, []],
      [
        "a car on the drive, a person elsewhere",
        { labels: ["person"], zones: ["drive"] },
        IN_ZONES,
        ["same_detection"],
      ],
      ["a sure person, a car not so", { labels: ["car"], minConfidence: 0.7 }, {}, ["same_detection"]],
      ["neither", { labels: ["dog"], zones: ["door"] }, IN_ZONES, ["labels", "zones", "same_detection"]],
    ]);
    it("says how many meet all", () => {
      const event = eventWith(IN_ZONES);
      const rule = ruleWith({ labels: ["person"], zones: ["drive"] });
      const { rules } = decide(event, policyWith({ rules: [rule] }), circumstancesOf(event));
      deepEqual(rules[0]?.conditions.slice(-3), [
        { name: "labels", passed: true, value: "person, car", asked: "person" },
        { name: "zones", passed: true, value: "lawn, drive", asked: "drive" },
        { name: "same_detection", passed: false, value: "0 of 2", asked: "labels and zones in one detection" },
      ]);
    });
  });

  describe("by mode", () => {
    const modes: [AlertRule["modes"], "home" | "away" | "night" | "off", boolean][] = [
      [["away", "night"], "night", true],
      [["away", "night"], "home", false],
      [[], "home", true],
      [[], "off", false],
      [["off"], "off", true],
    ];
    for (const [wanted, mode, holds] of modes) {
      it(`in mode ${mode}, with ${wanted.join(" and ") || "none"} named, ${holds ? "holds" : "fails"}`, () => {
        deepEqual(failing({ modes: wanted }, {}, { site: { ...SITE_DEFAULTS, mode } }), holds ? [] : ["mode"]);
      });
    }
  });

  describe("by schedule", () => {
    const at = (started_at: string) => ({ started_at, ended_at: started_at });
    const schedule = { days: [], from: "22:00", to: "06:00", timeZone: "" };
    it("takes the camera's time zone, unless it has its own", () => {
      const event = at("2026-11-20T13:30:00.000Z");
      // 22:30 in Tokyo.
      deepEqual(failing({ schedule }, event, { cameraTimeZone: "Asia/Tokyo" }), []);
      deepEqual(failing({ schedule }, event), ["schedule"]);
      deepEqual(failing({ schedule: { ...schedule, timeZone: "Asia/Tokyo" } }, event), []);
    });
    it("goes by when the event began", () => {
      deepEqual(
        failing({ schedule }, { started_at: "2026-11-20T05:59:59.000Z", ended_at: "2026-11-20T06:00:30.000Z" }),
        [],
      );
    });
  });

  it("that is off never holds, and says so", () => {
    deepEqual(failing({ enabled: false }), ["enabled"]);
    equal(failing({ enabled: true })?.length, 0);
  });
});
