import { deepEqual, equal, throws } from "node:assert/strict";
import { feedbackCommands, giveFeedback, keepFeedback, severity, word } from "../../../lib/site/feedback.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { RunningSite } from "./running-site.ts";

describe("feedback", () => {
  let running: RunningSite;
  beforeEach(() => {
    running = new RunningSite(undefined, { timeZone: "UTC" });
  });
  afterEach(() => running.close());
  after(removeTempFolders);

  const obey = (command: "feedback" | "reset", payload: unknown) => feedbackCommands(running.site)[command](payload);
  const kept = () => running.site.store.feedback.ofCamera("porch", "scores");

  it("is kept with what the event was like, and the event is reviewed", () => {
    running.judge(70, { labels: ["cat", "Dog", "chair"] });
    deepEqual(obey("feedback", { event_id: "ev_1", kind: "false_alarm", notes: " a cat " }), {
      event_id: "ev_1",
      camera_id: "porch",
      kind: "false_alarm",
      expected_severity: null,
      notes: "a cat",
    });
    deepEqual(kept(), [
      {
        event_id: "ev_1",
        kind: "false_alarm",
        expected_severity: null,
        severity: "high",
        traits: { camera_id: "porch", groups: ["animal", "chair"], zones: [], minute: 720, entities: [] },
        given_at: "2026-11-20T12:00:00.000Z",
      },
    ]);
    equal(running.site.store.events.get("ev_1")?.reviewed, true);
  });

  it("of a camera is about its last event, where none has alerted", () => {
    running.judge(70);
    running.clock.advance(1_000);
    running.judge(10);
    giveFeedback(running.site, "porch", word("missed"));
    deepEqual(
      kept().map(({ event_id, severity: level }) => [event_id, level]),
      [["ev_2", "low"]],
    );
  });

  it("is the last word on an event", () => {
    running.judge(70);
    keepFeedback(running.site, "ev_1", word("false_alarm"));
    keepFeedback(running.site, "ev_1", severity("critical"));
    const { feedback } = running.site.store;
    deepEqual(feedback.of("ev_1"), { kind: "wrong_severity", expected_severity: "critical", notes: "" });
    equal(kept().length, 1);
  });

  const wrong: [string, unknown, RegExp][] = [
    ["nothing", undefined, /BAD_PAYLOAD: msg.payload/],
    ["no kind", { event_id: "ev_1" }, /msg.payload.kind/],
    ["another kind", { event_id: "ev_1", kind: "rubbish" }, /msg.payload.kind/],
    ["no event", { kind: "correct" }, /msg.payload.event_id must be there, or a camera_id/],
    ["an event and a camera", { kind: "correct", event_id: "ev_1", camera_id: "porch" }, /msg.payload.event_id/],
    ["an event that is not there", { kind: "correct", event_id: "ev_9" }, /NO_SUCH_EVENT/],
    ["a camera without events", { kind: "correct", camera_id: "yard" }, /NO_EVENT/],
    ["what cannot be a camera", { kind: "correct", camera_id: "Yard!" }, /msg.payload.camera_id/],
    ["no severity", { kind: "wrong_severity", event_id: "ev_1" }, /expected_severity belongs to the kind/],
    [
      "a severity too many",
      { kind: "correct", event_id: "ev_1", expected_severity: "low" },
      /expected_severity belongs/,
    ],
    ["long notes", { kind: "correct", event_id: "ev_1", notes: "x".repeat(501) }, /msg.payload.notes/],
  ];
  for (const [what, payload, message] of wrong) {
    it(`is refused with ${what}`, () => {
      running.judge(70);
      throws(
        () => obey("feedback", payload),
        (error: Error & { code: string }) => message.test(`${error.code}: ${error.message}`),
      );
      deepEqual(kept(), []);
    });
  }

  it("no longer counts after a reset, of one camera or of all, for scores or for thresholds, and stays with its event", () => {
    const { feedback } = running.site.store;
    const counts = () =>
      ["porch", "yard"].flatMap((camera) =>
        (["scores", "thresholds"] as const).map((use) => feedback.ofCamera(camera, use).length),
      );
    for (const camera_id of ["porch", "yard"]) running.judge(70, { camera_id });
    for (const id of ["ev_1", "ev_2"]) keepFeedback(running.site, id, word("false_alarm"));
    deepEqual(counts(), [1, 1, 1, 1]);
    deepEqual(obey("reset", { camera_id: "yard", of: "thresholds" }), { forgotten: { thresholds: 1 } });
    deepEqual(counts(), [1, 1, 1, 0]);
    obey("reset", { of: "scores" });
    deepEqual(counts(), [0, 1, 0, 0]);
    deepEqual(obey("reset", ""), { forgotten: { scores: 0, thresholds: 1 } });
    equal(feedback.of("ev_1")?.kind, "false_alarm");
    throws(() => obey("reset", { camera: "yard" }), /msg.payload must be empty, or/);
    keepFeedback(running.site, "ev_1", word("false_alarm"));
    deepEqual(counts(), [1, 1, 0, 0]);
  });
});
