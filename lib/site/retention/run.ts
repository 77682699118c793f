/** One run of retention, from what an earlier one may have left half done to the room that the database gives back. */
import type { RetentionResult } from "../../domain/retention.ts";
import { toIso } from "../../domain/time.ts";
import { type Cap, mayTakeOriginals, type Rules } from "../../ops/retention/policy.ts";
import { asError } from "../../resilience/errors.ts";
import type { Site } from "../site.ts";
import { FileRemover } from "./file-remover.ts";
import { Orphans } from "./orphans.ts";
import { Slices } from "./slices.ts";
import { isShort, Space, type SpaceLimits } from "./space.ts";
import { Sweep } from "./sweep.ts";
import { newTally, type Tally } from "./tally.ts";

export interface RetentionOptions {
  readonly site: Site;
  readonly rules: Rules;
  readonly space: SpaceLimits;
}

export interface RunOptions extends RetentionOptions {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** How much has been deleted so far. */
  onProgress(tally: Tally): void;
}

const DAY_MS = 24 * 60 * 60_000;
/** Where room must be made, what is kept shrinks by this share at a time, and by a day at least. */
const STEP = 0.05;

/** Throws the signal's reason; what else went wrong is in the result. */
export async function runRetention(options: RunOptions): Promise<RetentionResult> {
  const { site, dryRun, signal } = options;
  const started_at = toIso(site.clock.now());
  const tally = newTally();
  const slices = new Slices(site.store, signal);
  let short = false;
  let failure: string | null = null;
  try {
    short = await work(options, slices, tally);
  } catch (error) {
    signal.throwIfAborted();
    failure = asError(error).message;
  } finally {
    site.store.openSubjects.end();
  }
  const { away, problem, own_bytes: _, ...counts } = tally;
  if (problem !== null) site.logger.warn(`Retention could not delete ${tally.failed} files: ${problem}`);
  return {
    started_at,
    ended_at: toIso(site.clock.now()),
    dry_run: dryRun,
    error: failure,
    ...counts,
    short_of_space: short,
    away: [...away],
  };
}

/** Whether there is too little room when it is through. */
async function work(options: RunOptions, slices: Slices, tally: Tally): Promise<boolean> {
  const { site, rules, dryRun, signal, onProgress } = options;
  const files = new FileRemover({ site, slices, tally, dryRun });
  const now = site.clock.now();
  const sweep = (cap: Cap | null) =>
    new Sweep({
      site,
      rules: { ...rules, cap },
      now,
      dryRun,
      slices,
      files,
      tally,
      onProgress: () => onProgress(tally),
    }).run();
  await slices.change(({ openSubjects }) => openSubjects.begin());
  await files.resume();
  await sweep(null);
  await new Orphans({ site, now, dryRun, slices, tally }).run();

  const roots = mayTakeOriginals(rules) ? site.store.roots.names() : [];
  const space = new Space({ site, limits: options.space, roots });
  let age = site.store.retainedUploads.oldestAge(now);
  let shortage = await space.shortage(tally.own_bytes, signal);
  while (isShort(shortage) && !dryRun && age > DAY_MS) {
    age = Math.max(DAY_MS, Math.min(age - DAY_MS, age * (1 - STEP)));
    await sweep({ age, ...shortage });
    shortage = await space.shortage(tally.own_bytes, signal);
  }
  if (dryRun) return isShort(shortage);
  tally.freed_bytes += site.store.unusedBytes;
  await slices.shrink();
  return isShort(shortage);
}
