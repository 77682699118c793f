/** What stored times may be at most, for when they were stored under a clock that was ahead. */
import type { Database } from "better-sqlite3";

/** Nothing is deferred for longer: as long as a server may ask for in Retry-After. */
const LONGEST_DEFERRAL_MS = 10 * 60_000;

/** What has happened did so by `:now`, and what is planned is as far off as it was when it was planned. */
const CLAMPS: readonly string[] = [
  `UPDATE work SET next_ms = :now + ${LONGEST_DEFERRAL_MS}
   WHERE state = 'queued' AND next_ms > :now + ${LONGEST_DEFERRAL_MS}`,
  "UPDATE work SET settled_ms = :now WHERE settled_ms > :now",
  `UPDATE batches SET due_ms = :now + (due_ms - opened_ms), opened_ms = :now
   WHERE state = 'open' AND opened_ms > :now`,
  "UPDATE handovers SET created_ms = :now WHERE state = 'air' AND created_ms > :now",
  "UPDATE handovers SET created_ms = :now WHERE state = 'unclaimed' AND created_ms > :now",
  "UPDATE claims SET received_ms = :now WHERE received_ms > :now",
  "UPDATE hazards SET started_ms = :now WHERE started_ms > :now",
  "UPDATE roots SET first_seen_ms = :now WHERE first_seen_ms > :now",
  "UPDATE nodes SET seen_ms = :now WHERE seen_ms > :now",
  "UPDATE views SET learnt_ms = :now WHERE learnt_ms > :now",
  `UPDATE watches SET differs_ms = min(differs_ms, :now), day_ms = min(day_ms, :now), repeats_ms = min(repeats_ms, :now),
     repeated_ms = min(repeated_ms, :now)`,
  `UPDATE alerts SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', :now / 1000.0, 'unixepoch')
   WHERE sent_at > strftime('%Y-%m-%dT%H:%M:%fZ', :now / 1000.0, 'unixepoch')`,
];

/**
 * Brings all stored times back to their own maximum as of `now`. The answers to hand-overs have a clamp of their own.
 * Called inside a transaction.
 */
export function clampTimes(db: Database, now: number): void {
  for (const clamp of CLAMPS) db.prepare(clamp).run({ now });
}
