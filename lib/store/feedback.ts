/** Table `feedback`: what people say of events. */
import type { Database } from "better-sqlite3";
import type { FeedbackKind } from "../domain/feedback.ts";

export class Feedback {
  readonly #give;
  readonly #review;
  readonly #subject;
  readonly #get;

  constructor(db: Database) {
    this.#give = db.prepare<[string, FeedbackKind, string]>(`
      INSERT INTO feedback VALUES(?, ?, ?)
      ON CONFLICT(event_id) DO UPDATE SET kind = excluded.kind, given_at = excluded.given_at`);
    this.#review = db.prepare("UPDATE events SET reviewed = 1 WHERE event_id = ?");
    this.#subject = db
      .prepare<[{ cameraId: string }], string>(`
      SELECT coalesce(
        (SELECT event_id FROM decisions WHERE camera_id = :cameraId AND sent_at IS NOT NULL ORDER BY sent_at DESC LIMIT 1),
        (SELECT event_id FROM events WHERE camera_id = :cameraId ORDER BY started_at DESC LIMIT 1))`)
      .pluck();
    this.#get = db.prepare<[string], FeedbackKind>("SELECT kind FROM feedback WHERE event_id = ?").pluck();
  }

  /** Enters what somebody says of an event, instead of what was said before, and marks the event as reviewed. */
  give(eventId: string, kind: FeedbackKind, at: string): void {
    this.#give.run(eventId, kind, at);
    this.#review.run(eventId);
  }

  /** The event that people mean who name only a camera: that of its last alert or else its last. Null where it has none. */
  subject(cameraId: string): string | null {
    return this.#subject.get({ cameraId }) ?? null;
  }

  of(eventId: string): FeedbackKind | null {
    return this.#get.get(eventId) ?? null;
  }
}
