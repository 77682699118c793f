/** What `nemotron-analyze` does: has a model judge a batch, with an openly marked estimate where the model is away. */
import { estimateRisk } from "../analyze/estimate.ts";
import { eventOf, type Judgement } from "../analyze/judge.ts";
import type { LlamaClient } from "../analyze/llama-client.ts";
import { localTime } from "../analyze/local-time.ts";
import { basicPrompt, PROMPT_VERSION } from "../analyze/prompts/basic.ts";
import { parseVerdict } from "../analyze/reply.ts";
import { Batch } from "../domain/batch.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { ReplyError, ServerError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import { isLive, PRIORITY } from "./live.ts";
import type { Site } from "./site.ts";
import type { Job, Output, Result, SlowStage, Tables } from "./stage.ts";

export interface AnalysisOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** Null: rules judge, and say so. */
  readonly client: LlamaClient | null;
  /** That of the model's server; absent where rules judge. */
  readonly gate?: ServerGate | undefined;
  readonly concurrency: number;
  /** When an estimate goes before the model's verdict: always, when the model does not answer, or never. */
  readonly estimate: "always" | "away" | "never";
  readonly publish: boolean;
}

const EVENT_PORT = 0;

/** A model that has not answered by then counts as away. */
const AWAY_MS = 10_000;

export function analysisStage(options: AnalysisOptions): SlowStage<Batch> {
  return {
    input: Batch,
    describe: (batch) => ({
      subject: { kind: "batch", id: batch.batch_id },
      cameraId: batch.camera_id,
      priority: priorityOf(batch, options.site.clock.now()),
    }),
    ...(options.gate && { gate: options.gate }),
    concurrency: options.concurrency,
    work: (batch, job, signal) => analyse(batch, job, signal, options),
    ...(options.client &&
      options.estimate !== "never" && { whileAway: (batch, job) => estimateAhead(batch, job, options) }),
    ...(options.client && { merge: (tables, batches) => mergeWaiting(tables, batches, options.site) }),
  };
}

/** When the model lags, what waits of one camera is judged in one go. */
function mergeWaiting(tables: Tables, [first, ...others]: readonly Batch[], site: Site) {
  if (!first) return null;
  const record = tables.batches.merge(first, others, site.clock.now());
  const absorbed = others.flatMap(({ batch_id }, index) => (record.merged?.includes(batch_id) ? [index + 1] : []));
  if (absorbed.length === 0) return null;
  tables.afterCommit(() =>
    site.logger.info(
      `${first.camera_id}: the model lags, and ${absorbed.length + 1} waiting batches are judged as one`,
    ),
  );
  return { record, absorbed };
}

function priorityOf(batch: Batch, now: number): number {
  if (!isLive(batch.ended_at, now)) return PRIORITY.backlog;
  return batch.fast_path ? PRIORITY.urgent : PRIORITY.live;
}

async function analyse(batch: Batch, job: Job, signal: AbortSignal, options: AnalysisOptions): Promise<Result> {
  const { site, client, estimate } = options;
  if (client === null) return { commit: (tables) => store(tables, batch, estimated(batch, true, site), options) };

  // The estimate leaves while the batch is still in use, and whoever gets it may change it.
  const estimateFirst = () => estimateAhead(Batch.parse(batch), job, options);
  if (estimate === "always") estimateFirst();
  const cancelAway = estimate === "away" ? site.clock.after(AWAY_MS, estimateFirst) : () => {};
  try {
    const { judgement, failure } = await judge(batch, client, signal, site);
    return { commit: (tables) => store(tables, batch, judgement, options), ...(failure && { failure }) };
  } catch (error) {
    if (error instanceof ServerError && estimate === "away" && !signal.aborted) estimateFirst();
    throw error;
  } finally {
    cancelAway();
  }
}

function estimated(batch: Batch, final: boolean, site: Site): Judgement {
  const { time_zone } = site.camera(batch.camera_id);
  return { analysis: "rules", estimate: estimateRisk(batch, localTime(batch.started_at, time_zone).hour), final };
}

/** Sends an estimate that the model's verdict follows. */
function estimateAhead(batch: Batch, job: Job, options: AnalysisOptions): void {
  job.interim((tables) => storeFirst(tables, batch, estimated(batch, false, options.site), options));
}

/** Asks the model. An answer that cannot be used is a judgement too, that nobody judged; a server that is away is none. */
async function judge(
  batch: Batch,
  client: LlamaClient,
  signal: AbortSignal,
  site: Site,
): Promise<{ judgement: Judgement; failure?: ReplyError }> {
  await client.ready();
  const prompt = basicPrompt({ batch, camera: site.camera(batch.camera_id), bands: site.bands });
  try {
    const reply = await client.judge(prompt, signal);
    const verdict = parseVerdict(reply.content);
    return {
      judgement: { analysis: "model", verdict, model: reply.model, promptVersion: PROMPT_VERSION, final: true },
    };
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return { judgement: { analysis: "none", reason: error.message, model: null, final: true }, failure: error };
  }
}

/** Stores an estimate, unless the batch has an event already: a job that is tried again estimates once. */
function storeFirst(tables: Tables, batch: Batch, judgement: Judgement, options: AnalysisOptions): readonly Output[] {
  const known = tables.events.idOf(batch.batch_id, options.nodeId);
  return known === undefined ? store(tables, batch, judgement, options) : [];
}

function store(tables: Tables, batch: Batch, judgement: Judgement, options: AnalysisOptions): readonly Output[] {
  const { site, nodeId } = options;
  // Without a broker nobody would ever empty the outbox.
  const publish = options.publish && site.publishes;
  const event = toEvent(tables, batch, judgement, options);
  tables.batches.adopt(batch, site.clock.now());
  const stored = tables.events.save(nodeId, event, publish);
  if (stored === null) return [];
  if (publish) tables.afterCommit(() => site.bus.emit("outbox"));
  return [
    {
      port: EVENT_PORT,
      topic: batch.camera_id,
      payload: { ...event, ...stored },
      subject: { kind: "event", id: stored.event_id },
    },
  ];
}

function toEvent(tables: Tables, batch: Batch, judgement: Judgement, options: AnalysisOptions): SecurityEvent {
  const { site, nodeId } = options;
  const camera = site.camera(batch.camera_id);
  const event = eventOf({ batch, camera, nodeId, judgement, bands: site.bands, now: site.clock.now() });
  return { ...event, event_id: tables.events.idOf(batch.batch_id, nodeId) ?? event.event_id };
}
