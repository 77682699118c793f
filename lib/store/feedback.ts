/** Tables `feedback` and `traits`: what people say of events, and by what those are found to be alike. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { Feedback as FeedbackWords, GivenFeedback, type Traits } from "../domain/feedback.ts";
import { FeedbackRow, TraitsJson } from "./codecs.ts";

/** What feedback counts for: the scores of later events, or the thresholds from which they alert. */
export type FeedbackUse = "scores" | "thresholds";

/** As it is kept. */
export interface KeptFeedback extends GivenFeedback, Pick<FeedbackWords, "notes"> {}

/** Older words weigh next to nothing beside so many newer ones. */
const MOST_WORDS = 500;
const COLUMNS = Object.keys(GivenFeedback.shape);

export class Feedback {
  readonly #note;
  readonly #traits;
  readonly #give;
  readonly #review;
  readonly #lastAlerted;
  readonly #last;
  readonly #get;
  readonly #ofCamera;
  readonly #reset;

  constructor(db: Database) {
    this.#note = db.prepare("INSERT OR REPLACE INTO traits(event_id, traits) VALUES(?, ?)");
    this.#traits = db.prepare<[string], string>("SELECT traits FROM traits WHERE event_id = ?").pluck();
    const columns = ["camera_id", "notes", ...COLUMNS];
    this.#give = db.prepare(`
      INSERT OR REPLACE INTO feedback(${columns.join(", ")}) VALUES(${columns.map((column) => `:${column}`).join(", ")})`);
    this.#review = db.prepare("UPDATE events SET reviewed = 1 WHERE event_id = ?");
    this.#lastAlerted = db
      .prepare<[string], string>(
        "SELECT event_id FROM decisions WHERE camera_id = ? AND sent_at IS NOT NULL ORDER BY sent_at DESC LIMIT 1",
      )
      .pluck();
    this.#last = db
      .prepare<[string], string>("SELECT event_id FROM events WHERE camera_id = ? ORDER BY started_at DESC LIMIT 1")
      .pluck();
    this.#get = db.prepare<[string], unknown>("SELECT kind, expected_severity, notes FROM feedback WHERE event_id = ?");
    const ofCamera = (use: FeedbackUse) =>
      db.prepare<[string], unknown>(`
        SELECT ${COLUMNS.join(", ")} FROM feedback WHERE camera_id = ? AND ${use} = 1
        ORDER BY given_at DESC LIMIT ${MOST_WORDS}`);
    this.#ofCamera = { scores: ofCamera("scores"), thresholds: ofCamera("thresholds") };
    const reset = (use: FeedbackUse) =>
      db.prepare<[{ cameraId: string | null }]>(
        `UPDATE feedback SET ${use} = 0 WHERE ${use} = 1 AND camera_id = coalesce(:cameraId, camera_id)`,
      );
    this.#reset = { scores: reset("scores"), thresholds: reset("thresholds") };
  }

  /** Keeps by what an event of the store is to be compared, instead of what was kept before. */
  noteTraits(eventId: string, traits: Traits): void {
    this.#note.run(eventId, z.encode(TraitsJson, traits));
  }

  /** Undefined for an event that no `risk-alert` has seen. */
  traitsOf(eventId: string): Traits | undefined {
    const json = this.#traits.get(eventId);
    return json === undefined ? undefined : TraitsJson.parse(json);
  }

  /** Enters what somebody says of an event, instead of what was said before, and marks the event as reviewed. */
  give({ notes, ...given }: KeptFeedback): void {
    this.#give.run({ ...z.encode(FeedbackRow, given), notes, camera_id: given.traits.camera_id });
    this.#review.run(given.event_id);
  }

  /** The event of a camera's last alert; null where it has had none. */
  lastAlerted(cameraId: string): string | null {
    return this.#lastAlerted.get(cameraId) ?? null;
  }

  /** A camera's last event; null where it has had none. */
  lastEvent(cameraId: string): string | null {
    return this.#last.get(cameraId) ?? null;
  }

  /** What was said of an event; null where nothing was. */
  of(eventId: string): FeedbackWords | null {
    const row = this.#get.get(eventId);
    return row === undefined ? null : FeedbackWords.parse(row);
  }

  /** What was said of a camera's events and counts, the newest first. */
  ofCamera(cameraId: string, use: FeedbackUse): GivenFeedback[] {
    return this.#ofCamera[use].all(cameraId).map((row) => FeedbackRow.parse(row));
  }

  /** Ends that what was said counts, of one camera's events or, with null, of all; the answer is how much that was. */
  reset(use: FeedbackUse, cameraId: string | null): number {
    return this.#reset[use].run({ cameraId }).changes;
  }
}
