/** One thing that `enrich` can find out about a batch. */
import type { Batch } from "../../domain/batch.ts";
import type { Tables } from "../stage.ts";

export interface ContextSource {
  /** Its name in `msg.payload.context`. */
  readonly part: string;
  /** Null where there is nothing to tell. What it throws is told instead, and holds nothing up. */
  gather(batch: Batch, signal: AbortSignal): Promise<Gathered | null> | Gathered | null;
}

export interface Gathered {
  /** What is known: plain data, as the prompt and the event tell it; undefined where that is nothing. */
  readonly known: unknown;
  /** What of it did not come, and why, by names of the source's own. */
  readonly missing?: Readonly<Record<string, string>>;
  /** Further parts that come with it. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** What to keep for later batches, in the transaction that hands this one on. */
  commit?(tables: Tables): void;
  /** Further parts, which only that transaction can tell. `context`: what all sources have found. */
  conclude?(tables: Tables, context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}
