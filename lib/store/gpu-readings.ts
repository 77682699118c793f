/** Table `gpu_readings`: what graphics cards have told, the latest of it. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { GpuReading } from "../domain/gpu.ts";
import { GpuReadingRow } from "./codecs.ts";

/** Of one card every 15 seconds: 17 days. */
const MOST_READINGS = 100_000;
/** Readings that are deleted in one step. */
const STEP = 100;
const NAMES = Object.keys(GpuReading.shape);
const COLUMNS = NAMES.join(", ");

export class GpuReadings {
  readonly #add;
  readonly #trim;
  readonly #latest;
  readonly #since;
  readonly #forget;
  readonly #forgetSimulated;

  constructor(db: Database) {
    this.#add = db.prepare(
      `INSERT INTO gpu_readings(${COLUMNS}) VALUES(${NAMES.map((name) => `:${name}`).join(", ")})`,
    );
    this.#trim = db.prepare<[number | bigint, number]>("DELETE FROM gpu_readings WHERE reading_id <= ? - ?");
    // From one card to the next by the index, instead of through all that each has told.
    this.#latest = db.prepare<[string], unknown>(`
      WITH RECURSIVE cards(id) AS (
        SELECT min(gpu_id) FROM gpu_readings
        UNION ALL SELECT (SELECT min(gpu_id) FROM gpu_readings WHERE gpu_id > id) FROM cards WHERE id IS NOT NULL)
      SELECT ${COLUMNS} FROM cards
      JOIN gpu_readings ON reading_id = (SELECT max(reading_id) FROM gpu_readings WHERE gpu_id = id)
      WHERE recorded_at >= ? ORDER BY gpu_id`);
    this.#since = db.prepare<[{ since: string; most: number }], unknown>(`
      SELECT ${COLUMNS} FROM gpu_readings WHERE recorded_at >= :since ORDER BY reading_id DESC LIMIT :most`);
    this.#forget = db.prepare<[string]>(`
      DELETE FROM gpu_readings WHERE reading_id IN (
        SELECT reading_id FROM gpu_readings WHERE recorded_at < ? LIMIT ${STEP})`);
    this.#forgetSimulated = db.prepare("DELETE FROM gpu_readings WHERE simulated = 1");
  }

  /** Enters a reading; of more than `MOST_READINGS` the oldest go. */
  add(reading: GpuReading): void {
    const { lastInsertRowid } = this.#add.run(z.encode(GpuReadingRow, reading));
    this.#trim.run(lastInsertRowid, MOST_READINGS);
  }

  /** The last reading of each card that has told something since then. */
  latest(recordedAt: string): GpuReading[] {
    return this.#latest.all(recordedAt).map((row) => GpuReadingRow.parse(row));
  }

  /** All since then, up to `most` of the newest, oldest first. */
  since(recordedAt: string, most: number): GpuReading[] {
    const rows = this.#since.all({ since: recordedAt, most });
    return rows.map((row) => GpuReadingRow.parse(row)).reverse();
  }

  /** Deletes some from before then; the answer is how many, 0 once there are none. */
  forget(before: string): number {
    return this.#forget.run(before).changes;
  }

  /** Takes back what was made up. */
  forgetSimulated(): void {
    this.#forgetSimulated.run();
  }
}
