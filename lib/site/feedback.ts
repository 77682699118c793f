/** Takes what people say of events, from wherever they say it, and forgets it again. */
import { z } from "zod";
import { traitsOf } from "../alert/traits.ts";
import { CameraId } from "../domain/camera.ts";
import type { EventRecord } from "../domain/event.ts";
import { Feedback, type FeedbackKind } from "../domain/feedback.ts";
import { RecordId } from "../domain/ids.ts";
import { toIso } from "../domain/time.ts";
import type { MqttLink } from "../mqtt/link.ts";
import { InputError } from "../resilience/errors.ts";
import type { FeedbackUse } from "../store/feedback.ts";
import { obeyJson } from "./json-commands.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";

/** What a message or an MQTT client says of an event, or of a camera's last one. */
const FeedbackWords = Feedback.safeExtend({
  event_id: RecordId.optional(),
  camera_id: CameraId.optional(),
}).refine(({ event_id, camera_id }) => (event_id === undefined) !== (camera_id === undefined), {
  path: ["event_id"],
  error: "must be there, or a camera_id in its place",
});

/** What to forget: all that counts for scores, for thresholds or for both; of all cameras, or of one. */
const ResetWords = z.preprocess(
  (payload) => (payload === "" ? {} : (payload ?? {})),
  z.strictObject(
    {
      of: z.enum(["scores", "thresholds"]).optional(),
      camera_id: CameraId.optional(),
    },
    { error: 'must be empty, or {"of": "scores" or "thresholds", "camera_id": …}' },
  ),
);

const MqttCommand = z.looseObject({ command: z.enum(["feedback", "reset"]).default("feedback") });

/** What was taken down. */
interface FeedbackReceipt extends Feedback {
  readonly event_id: string;
  readonly camera_id: string;
}

/** Obeys `{"command": "feedback" or "reset", …}` on the site's topic, with what `msg.payload` would hold beside it. */
export function obeyFeedbackCommands(site: Site, link: MqttLink): void {
  const commands = feedbackCommands(site);
  const example = '{"command":"feedback","camera_id":"porch","kind":"false_alarm"}';
  obeyJson({ link, logger: site.logger }, site.topics.feedback, example, (content) => {
    const parsed = MqttCommand.safeParse(content);
    if (!parsed.success) throw new InputError("BAD_COMMAND", `it must be JSON such as ${example}`);
    const { command, ...payload } = parsed.data;
    return { command, ...commands[command](payload) };
  });
}

/** For `msg.command`. */
export function feedbackCommands(site: Site): Readonly<Record<"feedback" | "reset", (payload: unknown) => object>> {
  return {
    feedback: (payload) => obeyFeedback(site, parsePayload(FeedbackWords, payload)),
    reset: (payload) => resetFeedback(site, parsePayload(ResetWords, payload)),
  };
}

function obeyFeedback(site: Site, command: z.infer<typeof FeedbackWords>): FeedbackReceipt {
  const { event_id, camera_id = "", ...feedback } = command;
  return event_id === undefined ? giveFeedback(site, camera_id, feedback) : keepFeedback(site, event_id, feedback);
}

/** Forgets what is asked for, and says how much that was. What was said stays with its event. */
function resetFeedback(site: Site, { of, camera_id }: z.infer<typeof ResetWords>) {
  const uses: readonly FeedbackUse[] = of === undefined ? ["scores", "thresholds"] : [of];
  const forgotten = site.store.durableTransaction(({ feedback }) =>
    Object.fromEntries(uses.map((use) => [use, feedback.reset(use, camera_id ?? null)])),
  );
  site.logger.info(`Feedback no longer counts: ${JSON.stringify({ camera_id, forgotten })}`);
  return { forgotten };
}

/** The event that people mean who name only a camera: that of its last alert, or else its last. Null where it has none. */
export function spokenOf({ store }: Site, cameraId: string): string | null {
  return store.feedback.lastAlerted(cameraId) ?? store.feedback.lastEvent(cameraId);
}

/**
 * Keeps what somebody says of a camera's last alert or, where it has had none or one was missed, of its last event.
 * @throws InputError `NO_EVENT`
 */
export function giveFeedback(site: Site, cameraId: string, feedback: Feedback): FeedbackReceipt {
  const eventId = feedback.kind === "missed" ? site.store.feedback.lastEvent(cameraId) : spokenOf(site, cameraId);
  if (eventId === null) throw new InputError("NO_EVENT", `${cameraId} has had no event yet`);
  return keepFeedback(site, eventId, feedback);
}

/** `correct` and the like, where nothing more is said. */
export function word(kind: Exclude<FeedbackKind, "wrong_severity">): Feedback {
  return { kind, expected_severity: null, notes: "" };
}

/** That an event had another severity. Throws a ZodError where it is none. */
export function severity(expected: unknown): Feedback {
  return Feedback.parse({ kind: "wrong_severity", expected_severity: expected });
}

/**
 * Keeps what somebody says of an event.
 * @throws InputError `NO_SUCH_EVENT`
 */
export function keepFeedback(site: Site, eventId: string, feedback: Feedback): FeedbackReceipt {
  const { store, clock, bus, logger } = site;
  const event = store.events.get(eventId);
  if (!event) throw new InputError("NO_SUCH_EVENT", `There is no event "${eventId}" in this site's store`);
  const { camera_id, risk_level } = event;
  store.durableTransaction((tables) =>
    tables.feedback.give({
      ...feedback,
      event_id: eventId,
      severity: risk_level,
      traits: tables.feedback.traitsOf(eventId) ?? traitsIn(site, event),
      given_at: toIso(clock.now()),
    }),
  );
  bus.emit("settings");
  logger.info(`${camera_id}: the event ${eventId} was called ${wordsFor(feedback)}`);
  return { event_id: eventId, camera_id, ...feedback };
}

/** Of an event that no `risk-alert` has seen. */
function traitsIn(site: Site, event: EventRecord) {
  const context = site.store.judged.get(event.event_id)?.context;
  return traitsOf({ ...event, context }, site.camera(event.camera_id).time_zone);
}

/** As in "was called …". */
function wordsFor({ kind, expected_severity }: Feedback): string {
  switch (kind) {
    case "false_alarm":
      return "a false alarm";
    case "wrong_severity":
      return `${expected_severity} in truth`;
    case "correct":
    case "missed":
      return kind;
  }
}
