/** Takes what people say of events. */
import type { FeedbackKind } from "../domain/feedback.ts";
import { toIso } from "../domain/time.ts";
import { InputError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

/**
 * Keeps what somebody says of a camera's last alert or, where it has had none, of its last event.
 * @throws InputError `NO_EVENT`
 */
export function giveFeedback(site: Site, cameraId: string, kind: FeedbackKind): void {
  const eventId = site.store.feedback.subject(cameraId);
  if (eventId === null) throw new InputError("NO_EVENT", `${cameraId} has had no event yet`);
  keepFeedback(site, cameraId, eventId, kind);
}

/** Keeps what somebody says of an event of a camera. */
export function keepFeedback(
  { store, clock, logger }: Site,
  cameraId: string,
  eventId: string,
  kind: FeedbackKind,
): void {
  store.durableTransaction((tables) => tables.feedback.give(eventId, kind, toIso(clock.now())));
  logger.info(`${cameraId}: the event ${eventId} was called a ${kind.replace("_", " ")}`);
}
