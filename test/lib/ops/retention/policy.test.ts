import { deepEqual, equal } from "node:assert/strict";
import type { BatchFacts, EventFacts, MemberFacts, UploadFacts } from "../../../../lib/domain/retention.ts";
import { planBatch, planInspection, planUpload, type Rules } from "../../../../lib/ops/retention/policy.ts";

const DAY = 24 * 60 * 60_000;
const NOW = Date.parse("2026-11-20T12:00:00.000Z");
const ago = (days: number) => new Date(NOW - days * DAY).toISOString();

const RULES: Rules = {
  limits: { events: 30 * DAY, detections: 20 * DAY, pictures: 10 * DAY, originals: 15 * DAY, gpu: null },
  cameras: new Map([["yard", { events: null, originals: null, pictures: 2 * DAY }]]),
  keepIf: { reviewed: false, starred: true, level: "critical" },
  cap: null,
};

const NO_ROOT: ReadonlySet<string> = new Set();

function event(days: number, more: Partial<EventFacts> = {}): EventFacts {
  const fresh = { risk_level: "low", reviewed: false, starred: false, open: false, picture_path: "p" } as const;
  return { event_id: "ev", created_at: ago(days), ...fresh, ...more };
}

function member(days: number, more: Partial<MemberFacts> = {}): MemberFacts {
  const alone = { shared: false, others: [], open_elsewhere: false };
  const paths = { still_path: null, thumbnail_path: "t" };
  return { inspection_id: "in", camera_id: "front", inspected_at: ago(days), ...paths, open: false, ...alone, ...more };
}

function batch(days: number, more: Partial<BatchFacts> = {}): BatchFacts {
  const opened_ms = NOW - days * DAY;
  const all = { events: [event(days)], members: [member(days)] };
  return { batch_id: "ba", camera_id: "front", opened_ms, open: false, ...all, ...more };
}

function upload(days: number, more: Partial<UploadFacts> = {}): UploadFacts {
  const given = { upload_id: "up", camera_id: "front", state: "handed", received_at: ago(days), removed_at: null };
  return { ...given, root: "/ftp", open: false, accounted: true, inspected: true, events: [], ...more };
}

const NONE = { events: [], pictures: [], stills: [], whole: false };
const PICTURES = { ...NONE, pictures: ["ev"], stills: ["in"] };
const ALL = { events: ["ev"], pictures: ["ev"], stills: ["in"], whole: true };

describe("the policy of retention", () => {
  const BATCHES: [what: string, facts: BatchFacts, plan: object, rules?: Partial<Rules>][] = [
    ["nothing of a young one", batch(9), NONE],
    ["its pictures first", batch(11), PICTURES],
    ["its pictures only, while its event stays", batch(25), PICTURES],
    ["all of an old one", batch(31), ALL],
    ["nothing while it is open", batch(31, { open: true }), NONE],
    ["nothing of a starred event", batch(99, { events: [event(99, { starred: true })] }), NONE],
    ["nothing of a critical one", batch(99, { events: [event(99, { risk_level: "critical" })] }), NONE],
    ["a reviewed one, where that keeps nothing", batch(31, { events: [event(31, { reviewed: true })] }), ALL],
    [
      "nothing of a reviewed one, where that keeps it",
      batch(31, { events: [event(31, { reviewed: true })] }),
      NONE,
      { keepIf: { reviewed: true, starred: false, level: null } },
    ],
    [
      "nothing above the level",
      batch(31, { events: [event(31, { risk_level: "high" })] }),
      NONE,
      { keepIf: { reviewed: false, starred: false, level: "medium" } },
    ],
    ["what nobody could judge, whatever the level", batch(31, { events: [event(31, { risk_level: null })] }), ALL],
    ["nothing of an open event", batch(99, { events: [event(99, { open: true })] }), NONE],
    [
      "the batch stays while something in it is open",
      batch(31, { members: [member(31, { open: true })] }),
      { ...ALL, stills: [], whole: false },
    ],
    [
      "what another batch's kept event needs stays",
      batch(31, { members: [member(31, { shared: true, others: [event(1, { starred: true })] })] }),
      { ...ALL, stills: [] },
    ],
    [
      "what another open batch needs stays",
      batch(31, { members: [member(31, { shared: true, open_elsewhere: true })] }),
      { ...ALL, stills: [] },
    ],
    ["an event from elsewhere is as old as its batch here", batch(5, { events: [event(99)] }), NONE],
    ["a camera's own limits", batch(99, { camera_id: "yard" }), PICTURES],
    [
      "a batch without events by its detections' limit",
      batch(21, { events: [] }),
      { ...ALL, events: [], pictures: [] },
    ],
    [
      "nothing, with no limits",
      batch(999),
      NONE,
      { limits: { events: null, detections: null, pictures: null, originals: null, gpu: null } },
    ],
    ["what is needed for room", batch(6), ALL, { cap: { age: 5 * DAY, own: true, roots: NO_ROOT } }],
    [
      "nothing where only the cameras' disk is short of room",
      batch(6),
      NONE,
      { cap: { age: 5 * DAY, own: false, roots: new Set(["/ftp"]) } },
    ],
  ];
  for (const [what, facts, plan, rules] of BATCHES) {
    it(`takes of a batch ${what}`, () => deepEqual(planBatch(facts, { ...RULES, ...rules }, NOW), plan));
  }

  it("takes an inspection that is in no batch by its own age, unless it is open", () => {
    deepEqual(planInspection(member(11), RULES, NOW), { stills: true, whole: false });
    deepEqual(planInspection(member(21), RULES, NOW), { stills: true, whole: true });
    deepEqual(planInspection(member(21, { open: true }), RULES, NOW), { stills: false, whole: false });
  });

  const ORIGINALS: [what: string, goes: boolean, facts: UploadFacts, rules?: Partial<Rules>][] = [
    ["an old one", true, upload(16)],
    ["not a young one", false, upload(14)],
    ["not one of a camera whose originals stay", false, upload(99, { camera_id: "yard" })],
    [
      "not where the user has said nothing of originals",
      false,
      upload(99),
      { limits: { ...RULES.limits, originals: null } },
    ],
    [
      "not where room is needed and the user has said nothing",
      false,
      upload(99),
      { limits: { ...RULES.limits, originals: null }, cap: { age: 5 * DAY, own: false, roots: new Set(["/ftp"]) } },
    ],
    [
      "for room, where the user has set a limit",
      true,
      upload(6),
      { cap: { age: 5 * DAY, own: false, roots: new Set(["/ftp"]) } },
    ],
    ["not for room elsewhere", false, upload(6), { cap: { age: 5 * DAY, own: true, roots: new Set(["/yard"]) } }],
    ["not one that a kept event needs", false, upload(99, { events: [event(99, { starred: true })] })],
    ["not one that an open event needs", false, upload(99, { events: [event(99, { open: true })] })],
    ["one of an event that nobody keeps", true, upload(16, { events: [event(16)] })],
    ["not what waits", false, upload(99, { open: true })],
    ["not what nobody can account for", false, upload(99, { accounted: false })],
    ["not what lay there before", false, upload(99, { state: "baseline" })],
    ["not what has not been taken yet", false, upload(99, { state: "found" })],
    ["a rejected one", true, upload(16, { state: "rejected" })],
    ["a duplicate", true, upload(16, { state: "duplicate" })],
    ["not what came as bytes", false, upload(99, { root: null })],
    ["not twice", false, upload(99, { removed_at: ago(1) })],
  ];
  for (const [what, goes, facts, rules] of ORIGINALS) {
    it(`deletes of originals ${what}`, () => equal(planUpload(facts, { ...RULES, ...rules }, NOW).original, goes));
  }

  it("takes an entry out of the ledger once nothing was made of it", () => {
    equal(planUpload(upload(21), RULES, NOW).entry, false);
    equal(planUpload(upload(21, { inspected: false }), RULES, NOW).entry, true);
    equal(planUpload(upload(19, { inspected: false }), RULES, NOW).entry, false);
    equal(planUpload(upload(21, { inspected: false, open: true }), RULES, NOW).entry, false);
  });
});
