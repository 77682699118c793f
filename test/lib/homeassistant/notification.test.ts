import assert from "node:assert/strict";
import fc from "fast-check";
import { EventRecord } from "../../../lib/domain/event.ts";
import { alertNotification, confirmation, type NotificationOptions } from "../../../lib/homeassistant/notification.ts";
import { actionId, pressOf } from "../../../lib/homeassistant/presses.ts";

const NOW = "2026-11-20T12:00:00.000Z";
const event = (changes: Partial<EventRecord> = {}): EventRecord =>
  EventRecord.parse({
    event_id: "ev_1",
    batch_id: "ba_1",
    camera_id: "front_door",
    camera_name: "Front door",
    started_at: NOW,
    ended_at: NOW,
    revision: 1,
    final: true,
    risk_score: 64,
    risk_level: "high",
    analysis: "model",
    summary: "A person stands at the door.",
    reasoning: "Because.",
    recommended_action: "Look at the picture.",
    labels: ["person"],
    detection_count: 1,
    fast_path: false,
    thumbnail_path: null,
    model: "m",
    prompt_version: "p",
    reviewed: false,
    created_at: NOW,
    ...changes,
  });
const options: NotificationOptions = {
  site: "home",
  alertId: "al_1",
  severity: "high",
  loud: true,
  critical: false,
  dashboard: "/lovelace",
  image: "image.vigil_home_front_door_last_alert",
};

/** What the companion apps take for a command to the phone, if it is the whole message. */
const COMMANDS =
  /^(command_\w+|clear_notification|remove_channel|request_location_update|TTS|delete_alert|clear_badge|update_\w+)$/;

describe("a notification", () => {
  it("says what happened where, and what can be done about it", () => {
    assert.deepEqual(alertNotification(event(), options), {
      title: "Front door: high risk",
      message: "Score 64: A person stands at the door. Look at the picture.",
      data: {
        tag: "vigil-al_b5ffae465c96f3cdb9eb8f20",
        group: "vigil-home-front_door",
        notification_icon: "mdi:cctv",
        url: "/lovelace",
        clickAction: "/lovelace",
        image: "/api/image_proxy/image.vigil_home_front_door_last_alert",
        priority: "high",
        ttl: 0,
        channel: "Vigil high",
        importance: "high",
        push: { "interruption-level": "time-sensitive" },
        actions: [
          { action: "URI", title: "View", uri: "/lovelace" },
          { action: "VIGIL|snooze|home|front_door|ev_1", title: "Snooze 30 min" },
          { action: "VIGIL|false_alarm|home|front_door|ev_1", title: "False alarm" },
          { action: "VIGIL|acknowledge|home|front_door|ev_1", title: "Acknowledge" },
          { action: "VIGIL|dismiss|home|front_door|ev_1", title: "Dismiss" },
        ],
      },
    });
  });

  const levels = [
    ["low", "passive", "Vigil low", "low", undefined],
    ["medium", "active", "Vigil medium", "default", undefined],
    ["high", "time-sensitive", "Vigil high", "high", 0],
    ["critical", "time-sensitive", "Vigil critical", "max", 0],
    [null, "time-sensitive", "Vigil high", "high", 0],
  ] as const;
  for (const [severity, interruption, channel, importance, ttl] of levels) {
    it(`of ${severity ?? "no severity"} is ${interruption} and ${importance}`, () => {
      const { data } = alertNotification(event(), { ...options, severity, critical: true });
      const ringing = severity === "critical";
      assert.deepEqual(
        [data.push, data.channel, data.importance, data.ttl],
        ringing
          ? [
              { "interruption-level": "critical", sound: { name: "default", critical: 1, volume: 1 } },
              "alarm_stream",
              "max",
              0,
            ]
          : [{ "interruption-level": interruption }, channel, importance, ttl],
      );
      const muted = alertNotification(event(), { ...options, severity });
      assert.deepEqual(muted.data.push, { "interruption-level": interruption });
      assert.equal(muted.data.channel, channel);
    });
  }

  it("replaces the one before in silence when it only brings it up to date", () => {
    const first = alertNotification(event({ risk_level: "critical" }), { ...options, critical: true });
    const later = event({ revision: 2, risk_score: 20, risk_level: "low", summary: "A cat." });
    const update = alertNotification(later, { ...options, loud: false, critical: true });
    const done = confirmation(later, "Snoozed until 12:30", { ...options, loud: false });
    for (const { data } of [update, done]) {
      assert.deepEqual([data.tag, data.group, data.image], [first.data.tag, first.data.group, first.data.image]);
      assert.deepEqual(
        [data.channel, data.importance, data.alert_once, data.push, data.ttl],
        ["Vigil updates", "low", true, { "interruption-level": "passive", sound: "none" }, undefined],
      );
    }
    assert.deepEqual([update.title, update.message], ["Front door: low risk", "Score 20: A cat. Look at the picture."]);
    assert.deepEqual(
      [done.title, done.message, done.data.actions],
      ["Front door: low risk", "✓ Snoozed until 12:30", undefined],
    );
  });

  it("says what is an estimate, and what nobody could judge", () => {
    const message = (changes: Partial<EventRecord>) =>
      alertNotification(event({ recommended_action: null, summary: "A car.", ...changes }), options);
    assert.equal(message({ final: false, analysis: "rules" }).message, "Score 64, estimated: A car.");
    const unjudged = message({ risk_score: null, risk_level: null, analysis: "none" });
    assert.deepEqual([unjudged.title, unjudged.message], ["Front door: not analysed", "No score: A car."]);
  });

  it("has no picture where no entity shows one", () => {
    assert.ok(!("image" in alertNotification(event(), { ...options, image: null }).data));
  });

  it("fits what push services take, and is neither a command nor HTML, whatever the model wrote", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 3_000 }),
      fc.constantFrom("clear_notification", "TTS", "command_dnd", "<b>bold</b>", ""),
    );
    const record = fc.record({
      summary: text,
      recommended_action: fc.option(text),
      camera_name: text,
      event_id: fc.string({ unit: "binary", minLength: 1, maxLength: 128 }),
      camera_id: fc.stringMatching(/^[a-z0-9_]{1,64}$/),
    });
    fc.assert(
      fc.property(record, fc.boolean(), (changes, loud) => {
        const notification = alertNotification(event(changes), {
          ...options,
          loud,
          critical: true,
        });
        assert.ok(Buffer.byteLength(JSON.stringify(notification)) < 3_700);
        assert.ok(Buffer.byteLength(String(notification.data.tag)) <= 64);
        for (const shown of [notification.title, notification.message]) {
          assert.doesNotMatch(shown, COMMANDS);
          assert.doesNotMatch(shown, /[<>]/);
        }
      }),
    );
  });
});

describe("a button's id", () => {
  it("brings back what the press is about, whatever the event's id looks like", () => {
    const press = fc.record(
      {
        kind: fc.constantFrom("snooze" as const, "false_alarm" as const),
        site: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
        camera_id: fc.stringMatching(/^[a-z0-9_]{1,64}$/),
        event_id: fc.string({ unit: "binary", minLength: 1, maxLength: 128 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(press, (each) => assert.deepEqual(pressOf({ data: { action: actionId(each) } }), each)));
  });

  const foreign: unknown[] = [
    ...[null, "VIGIL|snooze|home|porch|ev_1", {}, { data: null }, { data: { action: 1 } }],
    ...[
      ...[
        "",
        "URI",
        "REPLY",
        "SNOOZE_30",
        "VIGIL",
        "VIGIL|snooze",
        "VIGIL|snooze|home|porch",
        "VIGIL|snooze|home|porch|",
      ],
      ...["vigil|snooze|home|porch|ev_1", "VIGIL|open|home|porch|ev_1", "VIGIL|snooze|HOME|porch|ev_1"],
      ...[
        "VIGIL|snooze|home|../x|ev_1",
        `VIGIL|snooze|home|porch|${"x".repeat(129)}`,
        "VIGIL|__proto__|home|porch|ev_1",
      ],
    ].map((action) => ({ data: { action } })),
  ];
  for (const fired of foreign) {
    it(`is not ${JSON.stringify(fired)?.slice(0, 60)}`, () => assert.equal(pressOf(fired), null));
  }
});
