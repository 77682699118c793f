/** Waiting until nothing is left to do: or until it is plain that nothing more will happen. */
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { leftovers } from "../support/invariants.ts";
import { allEntered } from "./accounting.ts";
import type { Listener } from "./listener.ts";
import type { Still } from "./traffic.ts";

export interface RestOptions {
  readonly database: string;
  readonly stills: readonly Still[];
  readonly listener: Listener;
  /** Whether Node-RED runs. */
  alive(): boolean;
}

const POLL_MS = 100;
/** Longer than anything in the flow takes by itself. */
const STILL_MS = 6_000;
const LONGEST_MS = 180_000;

/** What is left undone; nothing if all came to rest. */
export async function awaitRest({ database, stills, listener, alive }: RestOptions): Promise<string[]> {
  const deadline = performance.now() + LONGEST_MS;
  let changedAt = performance.now();
  let last = "";
  for (;;) {
    const { undone, signature, retryMs } = look(database, stills, listener);
    if (undone.length === 0) return [];
    const now = performance.now();
    if (signature !== last) changedAt = now + Math.max(0, retryMs);
    last = signature;
    if (!alive() || now > deadline || now - changedAt > STILL_MS) return undone;
    await sleep(POLL_MS);
  }
}

function look(database: string, stills: readonly Still[], listener: Listener) {
  const db = new Database(database, { readonly: true, fileMustExist: true });
  try {
    const count = (sql: string) => db.prepare<[], number | null>(sql).pluck().get() ?? 0;
    const undone = leftovers(db).map(({ what, count }) => `${count} times ${what}`);
    if (!allEntered(database, stills)) undone.push("a file that was not entered");
    const found = count("SELECT count(*) FROM uploads WHERE state = 'found'");
    if (found > 0) undone.push(`${found} times a file that was not taken`);
    const heard = new Set(listener.events.map(({ event_id, revision }) => `${event_id} ${revision}`));
    const revisions = count("SELECT sum(revision) FROM events");
    if (heard.size < revisions) undone.push(`${revisions - heard.size} revisions of events that nobody has heard of`);
    const rows = ["uploads", "inspections", "batch_inspections", "events", "decisions", "alerts", "work"];
    const signature = JSON.stringify([undone, heard.size, rows.map((table) => count(`SELECT count(*) FROM ${table}`))]);
    // A job that waits for its next try is not stuck.
    const retryMs = count("SELECT max(next_ms) FROM work WHERE state = 'queued'") - Date.now();
    return { undone, signature, retryMs };
  } finally {
    db.close();
  }
}
