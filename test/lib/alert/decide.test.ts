import { deepEqual, equal } from "node:assert/strict";
import { decide } from "../../../lib/alert/decide.ts";
import type { Circumstances, RunningAlert } from "../../../lib/alert/gates.ts";
import { type AlertPolicy, AlertRules, DEFAULT_RULES } from "../../../lib/alert/rule.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import type { RiskLevel } from "../../../lib/domain/risk.ts";
import { CAMERA_DEFAULTS, SITE_DEFAULTS } from "../../../lib/domain/settings.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { circumstancesOf, eventWith, NOW, policyWith, ruleWith, UNSCORED } from "./fixtures.ts";

const MINUTE = 60_000;
const NIGHT = { days: [], from: "22:00", to: "06:00", timeZone: "" };

function decision(
  event: Partial<SecurityEvent> = {},
  policy: Partial<AlertPolicy> = {},
  around: Partial<Circumstances> = {},
) {
  const whole = eventWith(event);
  return decide(whole, policyWith(policy), circumstancesOf(whole, around));
}
type Decided = ReturnType<typeof decision>;
const failed = ({ conditions }: Decided) => conditions.filter(({ passed }) => !passed).map(({ name }) => name);
const found = ({ conditions }: Decided, wanted: string) => conditions.find(({ name }) => name === wanted);

describe("decide", () => {
  describe("of several rules", () => {
    const rules = [
      ruleWith({ name: "Dogs", labels: ["dog"], severity: "low" }),
      ruleWith({ name: "People", labels: ["person"], severity: "medium" }),
      ruleWith({ name: "Anything", severity: "critical" }),
    ];
    it("lets the first that holds decide, and keeps what became of all", () => {
      const { outcome, rule, severity, reason, rules: all } = decision({}, { rules });
      deepEqual([outcome, rule?.name, severity], ["alert", "People", "medium"]);
      deepEqual(
        all.map(({ name, passed }) => [name, passed]),
        [
          ["Dogs", false],
          ["People", true],
          ["Anything", true],
        ],
      );
      equal(reason, 'Rule "People" holds');
    });
    it("goes on to the next where the first is off", () => {
      equal(decision({}, { rules: [ruleWith({ name: "Off", enabled: false }), ...rules] }).rule?.name, "People");
    });
    it("says of each why it did not hold", () => {
      const { outcome, rule, dedup_key, reason } = decision({}, { rules: rules.slice(0, 1) });
      deepEqual([outcome, rule, dedup_key], ["suppressed", null, null]);
      equal(reason, 'No rule holds. "Dogs": labels is person, car, asked is dog');
    });
    it("needs one", () => {
      deepEqual(
        [decision({}, { rules: [] }).outcome, decision({}, { rules: [] }).reason],
        ["suppressed", "There is no rule"],
      );
    });
    it("wants each to have a name of its own", () => {
      equal(AlertRules.safeParse([{ name: "People" }, { name: "people" }]).success, false);
      equal(AlertRules.safeParse([{ name: "People" }, { name: "Dogs" }]).success, true);
    });
  });

  describe("with the rules that a new node has", () => {
    const cases: [string, Partial<SecurityEvent>, string | null, RiskLevel | null][] = [
      ["a score of 60", {}, "High risk", "high"],
      ["a score of 59", { risk_score: 59, risk_level: "medium" }, null, "medium"],
      ["a person whom nobody could judge", UNSCORED, "Person, not analysed", "high"],
      ["a dog that nobody could judge", { ...UNSCORED, labels: ["dog"], detections: [] }, null, null],
    ];
    for (const [what, event, rule, severity] of cases) {
      it(`${what}: ${rule ?? "no alert"}`, () => {
        const decided = decision(event, { rules: DEFAULT_RULES });
        deepEqual([decided.rule?.name ?? null, decided.severity], [rule, severity]);
      });
    }
  });

  const until = (minutes: number) => ({ snoozed_until: toIso(NOW + minutes * MINUTE) });
  const camera = (changes: object) => ({ camera: { ...CAMERA_DEFAULTS, ...changes } });
  const site = (changes: object) => ({ site: { ...SITE_DEFAULTS, ...changes } });
  const limits: [string, Partial<Circumstances>, string[]][] = [
    ["a risk threshold at the score", camera({ risk_threshold: 60 }), []],
    ["a risk threshold above it", camera({ risk_threshold: 61 }), ["threshold"]],
    ["alerts off for the camera", camera({ alerts: false }), ["switch"]],
    ["alerts off for the site", site({ alerts: false }), ["switch"]],
    ["detection off, which is another matter", camera({ detection: false }), []],
    ["a snooze of the camera", camera(until(1)), ["snooze"]],
    ["a snooze of the site", site(until(1)), ["snooze"]],
    ["a snooze that ends this instant", { ...camera(until(0)), ...site(until(-5)) }, []],
    ["an event of 15 minutes ago", { now: NOW + 14 * MINUTE }, []],
    ["an event of longer ago", { now: NOW + 14 * MINUTE + 1 }, ["late"]],
    ["a camera whose clock is ahead", { now: NOW - 2 * MINUTE }, []],
  ];
  for (const [what, around, names] of limits) {
    it(`with ${what}: ${names.join() || "alert"}`, () => {
      const decided = decision({}, {}, around);
      deepEqual([decided.outcome, failed(decided)], [names.length === 0 ? "alert" : "suppressed", names]);
    });
  }

  it("tells how much of a snooze is left, and the reason", () => {
    const decided = decision({}, {}, { ...camera(until(12)), ...site(until(3)) });
    equal(found(decided, "snooze")?.left_s, 720);
    equal(
      decided.reason,
      'Rule "Any" holds, but snooze is snoozed until 2026-11-20T13:43:00.000Z, 720 s left, asked is not snoozed',
    );
  });

  it("does not ask an event without a score for the camera's threshold", () => {
    const rules = [ruleWith({ events: "unscored", severity: "high" })];
    equal(decision(UNSCORED, { rules }, camera({ risk_threshold: 100 })).outcome, "alert");
  });

  it("tells what people want to hear nothing of from what is not worth it", () => {
    const marks = ({ wanted, silenced }: Decided) => ({ wanted, silenced });
    deepEqual(marks(decision({}, {}, camera(until(1)))), { wanted: true, silenced: true });
    deepEqual(marks(decision({}, {}, camera({ risk_threshold: 61 }))), { wanted: false, silenced: false });
    deepEqual(marks(decision({}, { rules: [] }, camera(until(1)))), { wanted: false, silenced: true });
  });

  describe("with a cooldown of 300 s", () => {
    const last = (secondsAgo: number, severity: RiskLevel | null = "high") => ({
      lastSent: () => ({ sent_at: toIso(NOW - secondsAgo * 1000), severity }),
    });
    const cases: [string, Partial<Circumstances>, number | undefined, boolean][] = [
      ["nothing sent before", {}, undefined, true],
      ["one 299 s ago", last(299), 1, false],
      ["one 300 s ago", last(300), undefined, true],
      ["a graver one", last(10, "critical"), 290, false],
      ["a lesser one, which this breaks through", last(10, "medium"), 290, true],
      ["one that nobody could judge, which counts as high", last(10, null), 290, false],
      ["one in the future, after the clock was set back", last(-3600), undefined, true],
    ];
    for (const [what, around, left, passed] of cases) {
      it(`and ${what}: ${passed ? "alert" : "suppressed"}`, () => {
        const decided = decision({}, {}, around);
        deepEqual([decided.outcome, found(decided, "cooldown")?.left_s], [passed ? "alert" : "suppressed", left]);
      });
    }
    it("looks for the key that the rule makes", () => {
      const keys: string[] = [];
      const lastSent = (key: string) => {
        keys.push(key);
        return null;
      };
      const context = { zone_members: { drive: ["de_1"] } };
      const incidentId = "ic_1";
      const dedupKey = "{camera_id}/{rule}/{label}/{zone}/{severity}/{incident_id}";
      decision(
        { context },
        { rules: [ruleWith({ labels: ["person"], zones: ["drive"], dedupKey })] },
        { lastSent, incidentId },
      );
      decision({ labels: [], detections: [] }, { rules: [ruleWith({ dedupKey })] }, { lastSent });
      decision({}, {}, { lastSent });
      deepEqual(keys, ["porch/Any/person/drive/high/ic_1", "porch/Any/none/none/high/none", "porch:Any"]);
    });
    it("refuses a key with what nobody knows", () => {
      equal(AlertRules.safeParse([{ name: "a", dedupKey: "{camera}" }]).success, false);
      equal(AlertRules.safeParse([{ name: "a", dedupKey: "{}" }]).success, false);
      equal(AlertRules.safeParse([{ name: "a", dedupKey: "all" }]).success, true);
    });
  });

  describe("in quiet hours", () => {
    const quiet = (quietSeverity: RiskLevel | null) => ({ quietHours: NIGHT, quietSeverity });
    /** 23:31 in Tokyo on a site there, whatever clock the camera has. */
    const tokyo = { siteTimeZone: "Asia/Tokyo", now: NOW + 60 * MINUTE };
    const recent = { started_at: toIso(tokyo.now), ended_at: toIso(tokyo.now) };
    const cases: [string, RiskLevel | null, Partial<Circumstances>, string[]][] = [
      ["what is not grave enough is suppressed", "critical", tokyo, ["quiet_hours"]],
      ["what is grave enough passes", "high", tokyo, []],
      ["nothing passes where nothing may", null, tokyo, ["quiet_hours"]],
      ["by the site's clock", "critical", { ...tokyo, siteTimeZone: "UTC", cameraTimeZone: "Asia/Tokyo" }, []],
    ];
    for (const [what, quietSeverity, around, names] of cases) {
      it(what, () => deepEqual(failed(decision(recent, quiet(quietSeverity), around)), names));
    }
  });

  describe("with a cap of 3 per hour", () => {
    const sent = (count: number) => ({ sentSince: (time: string) => (time === toIso(NOW - 60 * MINUTE) ? count : 99) });
    const cases: [string, Partial<SecurityEvent>, Partial<AlertPolicy>, number, string[]][] = [
      ["2 so far", {}, {}, 2, []],
      ["3 so far", {}, {}, 3, ["hourly"]],
      ["3 so far, and a critical one", { risk_score: 90, risk_level: "critical" }, {}, 3, []],
      ["no cap", {}, { maxPerHour: 0 }, 99, []],
    ];
    for (const [what, event, policy, count, names] of cases) {
      it(`and ${what}: ${names.join() || "alert"}`, () => {
        deepEqual(failed(decision(event, { maxPerHour: 3, ...policy }, sent(count))), names);
      });
    }
  });

  describe("while its alert stands", () => {
    const running = (changes: Partial<RunningAlert> = {}): Partial<Circumstances> => ({
      running: { severity: "high", state: "delivered", snoozed_until: null, ...changes },
      lastSent: () => ({ sent_at: toIso(NOW), severity: "high" }),
      sentSince: () => 99,
    });
    const CRITICAL = { risk_score: 90, risk_level: "critical" } as const;
    const cases: [string, Partial<SecurityEvent>, Partial<Circumstances>, Decided["change"], string[]][] = [
      ["brings it up to date, without a cooldown and a cap", {}, running(), "update", []],
      ["tells of what is graver", CRITICAL, running(), "graver", []],
      ["is silent where one of its cameras is snoozed", {}, running(until(5)), "update", ["snooze"]],
      ["tells of what is graver on another camera all the same", CRITICAL, running(until(5)), "graver", []],
      ["is silent where it was dismissed", {}, running({ state: "dismissed" }), "update", ["dismissed"]],
      ["tells of what is graver than what was dismissed", CRITICAL, running({ state: "dismissed" }), "graver", []],
      ["goes on where it was acknowledged", {}, running({ state: "acknowledged" }), "update", []],
    ];
    for (const [what, event, around, change, names] of cases) {
      it(what, () => {
        const decided = decision(event, { maxPerHour: 1 }, around);
        deepEqual([decided.change, failed(decided)], [change, names]);
      });
    }
  });
});
