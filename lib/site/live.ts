/** What is news, and what is history: an upload that waited long, in the camera or here, must not go before a new one. */
import type { Batch } from "../domain/batch.ts";
import { toMillis } from "../domain/time.ts";

const LIVE_MS = 15 * 60_000;

/** What is older than this is history; both in milliseconds since 1970. */
export function liveSince(now: number): number {
  return now - LIVE_MS;
}

/** Whether something captured then is live; `now` is in milliseconds since 1970. */
export function isLive(capturedAt: string, now: number): boolean {
  return toMillis(capturedAt) >= liveSince(now);
}

/** The order in which work is done: what is urgent first, then what is live, the backlog, and what was done before. */
export const PRIORITY = { urgent: 2, live: 1, backlog: 0, again: -1 } as const;

/** That of a batch; `now` is in milliseconds since 1970. */
export function batchPriority({ ended_at, fast_path }: Batch, now: number): number {
  if (!isLive(ended_at, now)) return PRIORITY.backlog;
  return fast_path ? PRIORITY.urgent : PRIORITY.live;
}
