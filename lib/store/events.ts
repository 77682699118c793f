/**
 * Table `events`: batches, judged. Storing a revision, keeping its verdict beside the earlier ones and queueing it for
 * publication are one act.
 */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { EventRecord } from "../domain/event.ts";
import { EventRow } from "./codecs.ts";
import type { Outbox } from "./outbox.ts";
import type { Verdicts } from "./verdicts.ts";

const COLUMNS = Object.keys(EventRecord.shape);
/** What a later verdict does not touch. */
const FIXED: ReadonlySet<string> = new Set(["event_id", "batch_id", "camera_id", "revision", "reviewed", "created_at"]);
/** What a later verdict brings only where there was none: it was made of what the event is about. */
const KEPT = "picture_path";

/** A verdict replaces an estimate; among verdicts a model's counts most, and that there is none counts least. */
const weight = (row: string) =>
  `(${row}.final, CASE ${row}.analysis WHEN 'model' THEN 2 WHEN 'rules' THEN 1 ELSE 0 END)`;
const REPLACES = `${weight("excluded")} >= ${weight("events")}`;

export class Events {
  readonly #outbox: Outbox;
  readonly #verdicts: Verdicts;
  readonly #save;
  readonly #get;
  readonly #idOf;
  readonly #latest;
  readonly #standing;
  readonly #published;
  readonly #star;

  constructor(db: Database, outbox: Outbox, verdicts: Verdicts) {
    this.#outbox = outbox;
    this.#verdicts = verdicts;
    const updates = COLUMNS.filter((column) => !FIXED.has(column)).map((column) =>
      column === KEPT ? `${column} = coalesce(events.${column}, excluded.${column})` : `${column} = excluded.${column}`,
    );
    this.#save = db.prepare<[Record<string, unknown>], unknown>(`
      INSERT INTO events(node_id, ${COLUMNS.join(", ")}) VALUES(:node_id, ${COLUMNS.map((column) => `:${column}`).join(", ")})
      ON CONFLICT(event_id) DO UPDATE SET revision = events.revision + 1, ${updates.join(", ")}
      WHERE ${REPLACES}
      RETURNING ${COLUMNS.join(", ")}`);
    this.#get = db.prepare<[string], unknown>(`SELECT ${COLUMNS.join(", ")} FROM events WHERE event_id = ?`);
    this.#idOf = db
      .prepare<[string, string], string>("SELECT event_id FROM events WHERE batch_id = ? AND node_id = ?")
      .pluck();
    const isLatest = `NOT EXISTS(
      SELECT 1 FROM events later WHERE later.camera_id = e.camera_id AND later.published_revision IS NOT NULL
        AND (later.started_at, later.event_id) > (e.started_at, e.event_id))`;
    this.#latest = db.prepare<[], { event_id: string }>(
      `SELECT ${COLUMNS.join(", ")} FROM events e WHERE published_revision IS NOT NULL AND ${isLatest}`,
    );
    this.#standing = db.prepare<[string], { isLatest: number; hasFired: number }>(`
      SELECT ${isLatest} AS isLatest, EXISTS(
        SELECT 1 FROM verdicts v WHERE v.event_id = e.event_id AND v.final = 1 AND v.revision <= e.published_revision
      ) AS hasFired FROM events e WHERE event_id = ?`);
    this.#published = db.prepare(
      "UPDATE events SET published_revision = max(coalesce(published_revision, 0), ?) WHERE event_id = ?",
    );
    this.#star = db.prepare<[number, string]>("UPDATE events SET starred = ? WHERE event_id = ?");
  }

  /**
   * Stores a verdict and, where `publish` is set, queues it for MQTT in the same transaction. An estimate never
   * replaces a verdict, and what nobody or only rules judged never a model's. The answer is the event as it stands now,
   * with its true revision, or null where nothing changed: a verdict is kept then too, for what it took.
   */
  save(nodeId: string, event: EventRecord, publish: boolean): EventRecord | null {
    const record = EventRecord.parse(event);
    const saved = this.#save.get({ ...z.encode(EventRow, record), node_id: nodeId });
    const stored = saved === undefined ? null : readEvent(saved);
    if (stored || record.final) this.#verdicts.add({ ...record, node_id: nodeId, revision: stored?.revision ?? null });
    if (stored && publish) this.#outbox.add("event", stored.event_id, stored.revision, stored);
    return stored;
  }

  get(eventId: string): EventRecord | undefined {
    const row = this.#get.get(eventId);
    return row === undefined ? undefined : readEvent(row);
  }

  /** The event that a node has made of a batch, or has taken over from a deleted one; undefined where there is none. */
  idOf(batchId: string, nodeId: string): string | undefined {
    return this.#idOf.get(batchId, nodeId);
  }

  /** Enters an event that came in a message, unless it is known; its batch must be known. No node of ours made it. */
  adopt(event: EventRecord): void {
    if (this.get(event.event_id) === undefined) this.save(event.event_id, event, false);
  }

  /** The newest published event of each camera; `onUnreadable` gets the ids of those that nobody can read. */
  latestPublished(onUnreadable: (eventId: string) => void): EventRecord[] {
    return this.#latest.all().flatMap((row) => {
      try {
        return [readEvent(row)];
      } catch {
        onUnreadable(row.event_id);
        return [];
      }
    });
  }

  /**
   * What publishing a revision of an event may touch: `isLatest` where its camera has no newer one that was published,
   * `hasFired` where a verdict on it was published before.
   */
  standing(eventId: string): { isLatest: boolean; hasFired: boolean } {
    const { isLatest = 1, hasFired = 0 } = this.#standing.get(eventId) ?? {};
    return { isLatest: isLatest === 1, hasFired: hasFired === 1 };
  }

  /** Marks an event as one that somebody wants to keep, or not any more. False where it is not known. */
  star(eventId: string, starred: boolean): boolean {
    return this.#star.run(starred ? 1 : 0, eventId).changes === 1;
  }

  markPublished(eventId: string, revision: number): void {
    this.#published.run(revision, eventId);
  }
}

function readEvent(row: unknown): EventRecord {
  return EventRow.parse(row);
}
