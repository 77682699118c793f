/** Several batches of one camera as one: what a model that lags behind can judge in one go. */
import { isDeepStrictEqual } from "node:util";
import type { Batch } from "./batch.ts";
import { bestOf } from "./best-picture.ts";
import { toMillis } from "./time.ts";

/**
 * All that the batches hold as one batch, under the id and with the close reason of `into`. But for those two the answer
 * does not depend on the order or on which of them is `into`. A detection or an upload that several have is in it once.
 *
 * Of `context` it has what all of them say alike. The rest was said of one stretch of time and would be untrue of all.
 */
export function mergeBatches(into: Batch, others: readonly Batch[]): Batch {
  const { context: _own, similar_count: _ofOne, ...rest } = into;
  const batches = [into, ...others].sort(byStart);
  const context = commonContext(batches);
  const similar = batches.reduce((sum, { similar_count = 0 }) => sum + similar_count, 0);
  const best = bestOf(batches.filter(({ thumbnail_path }) => thumbnail_path !== null));
  return {
    ...rest,
    started_at: batches.map(({ started_at }) => started_at).reduce((a, b) => (a < b ? a : b)),
    ended_at: batches.map(({ ended_at }) => ended_at).reduce((a, b) => (a > b ? a : b)),
    fast_path: batches.some(({ fast_path }) => fast_path),
    detections: unique(
      batches.flatMap(({ detections }) => detections),
      ({ detection_id }) => detection_id,
    ).sort((a, b) => toMillis(a.captured_at) + a.offset_ms - toMillis(b.captured_at) - b.offset_ms),
    uploads: unique(
      batches.flatMap(({ uploads }) => uploads),
      ({ upload_id }) => upload_id,
    ).sort((a, b) => toMillis(a.captured_at) - toMillis(b.captured_at)),
    still_path: best?.still_path ?? null,
    thumbnail_path: best?.thumbnail_path ?? null,
    merged: mergedIds(into, others),
    ...(similar > 0 && { similar_count: similar }),
    ...(context && { context }),
  };
}

/** In an order that is always the same, so that what is equal otherwise keeps it. */
function byStart(a: Batch, b: Batch): number {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? -1 : 1;
  return a.batch_id < b.batch_id ? -1 : 1;
}

/** The first of each id. */
function unique<T>(records: readonly T[], idOf: (record: T) => string): T[] {
  const byId = new Map<string, T>();
  for (const record of records) if (!byId.has(idOf(record))) byId.set(idOf(record), record);
  return [...byId.values()];
}

/** Ids of all batches that are in it now besides its own, those of an earlier merging included. */
function mergedIds(into: Batch, others: readonly Batch[]): string[] {
  const ids = new Set(into.merged);
  for (const { batch_id, merged = [] } of others) for (const id of [batch_id, ...merged]) ids.add(id);
  ids.delete(into.batch_id);
  return [...ids].sort();
}

function commonContext(batches: readonly Batch[]): Batch["context"] {
  const [first, ...rest] = batches.map(({ context = {} }) => context);
  const parts = Object.entries(first ?? {}).filter(([name, part]) =>
    rest.every((context) => Object.hasOwn(context, name) && isDeepStrictEqual(context[name], part)),
  );
  return parts.length > 0 ? Object.fromEntries(parts) : undefined;
}
