/** What `enrich` does: adds to a batch what is known besides its detections, and never holds it up. */
import { Batch } from "../domain/batch.ts";
import { withDeadline } from "../resilience/deadline.ts";
import { asError } from "../resilience/errors.ts";
import { unlessAborted } from "../resilience/unless-aborted.ts";
import type { ContextSource, Gathered } from "./context/source.ts";
import { batchPriority } from "./live.ts";
import type { Site } from "./site.ts";
import type { Result, SlowStage } from "./stage.ts";

export interface EnrichmentOptions {
  readonly site: Site;
  readonly sources: readonly ContextSource[];
  /** Milliseconds after which a batch goes on without what has not come by then. */
  readonly budgetMs: number;
}

const RESULT_PORT = 0;
/** Batches at a time: most of the work is waiting for servers. */
const CONCURRENCY = 4;

export function enrichmentStage(options: EnrichmentOptions): SlowStage<Batch> {
  return {
    input: Batch,
    describe: (batch) => ({
      subject: { kind: "batch", id: batch.batch_id },
      cameraId: batch.camera_id,
      priority: batchPriority(batch, options.site.clock.now()),
    }),
    concurrency: CONCURRENCY,
    work: (batch, _job, signal) => enrich(batch, options, signal),
  };
}

async function enrich(
  batch: Batch,
  { site, sources, budgetMs }: EnrichmentOptions,
  signal: AbortSignal,
): Promise<Result> {
  const deadline = { clock: site.clock, ms: budgetMs, late: new Error(`not within ${budgetMs / 1000} s`) };
  const found = await withDeadline(deadline, signal, (either) =>
    Promise.all(sources.map((source) => within(source, batch, either))),
  );
  signal.throwIfAborted();
  const gathered = found.flatMap(({ part, gathered: each }) => (each ? [[part, each] as const] : []));
  const unavailable = found.flatMap(({ part, gathered: each, failure }) => [
    ...(failure ? [[part, failure.message] as const] : []),
    ...Object.entries(each?.missing ?? {}).map(([name, why]) => [`${part}.${name}`, why] as const),
  ]);
  const context: Record<string, unknown> = {
    // What the user's own flow knows stays, unless it is known better here.
    ...batch.context,
    ...Object.fromEntries(
      gathered.flatMap(([part, { known, beside = {} }]) => [
        ...(known === undefined ? [] : [[part, known] as const]),
        ...Object.entries(beside),
      ]),
    ),
    ...(unavailable.length > 0 && { unavailable: Object.fromEntries(unavailable) }),
  };
  return {
    commit: (tables) => {
      tables.batches.adopt(batch, site.clock.now());
      for (const [, { commit }] of gathered) commit?.(tables);
      const concluded = gathered.map(([, { conclude }]) => conclude?.(tables, context));
      const whole = Object.assign({}, context, ...concluded);
      return [
        {
          port: RESULT_PORT,
          topic: batch.camera_id,
          payload: Object.keys(whole).length > 0 ? { ...batch, context: whole } : batch,
          subject: { kind: "batch", id: batch.batch_id },
        },
      ];
    },
  };
}

interface Finding {
  readonly part: string;
  readonly gathered?: Gathered | null;
  readonly failure?: Error;
}

/** What a source finds out before the signal is aborted, or why it did not. Never rejects. */
async function within(source: ContextSource, batch: Batch, signal: AbortSignal): Promise<Finding> {
  const { part } = source;
  try {
    const gathering = (async () => source.gather(batch, signal))();
    return { part, gathered: await unlessAborted(gathering, signal) };
  } catch (error) {
    return { part, failure: asError(error) };
  }
}
