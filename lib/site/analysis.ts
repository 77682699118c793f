/** What `nemotron-analyze` does: has a model judge a batch, with an openly marked estimate where the model is away. */
import type { Answer } from "../analyze/ask.ts";
import { estimateRisk } from "../analyze/estimate.ts";
import { type Judgement, UNMEASURED } from "../analyze/judge.ts";
import type { LlamaClient } from "../analyze/llama-client.ts";
import { localTime } from "../analyze/local-time.ts";
import { Batch } from "../domain/batch.ts";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { InputError, ReplyError, ServerError, VigilError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import { askModel } from "./ask-model.ts";
import type { DailyLimit } from "./daily-limit.ts";
import { drawEventPicture } from "./event-picture.ts";
import type { KeyPictureOptions } from "./key-pictures.ts";
import { batchPriority } from "./live.ts";
import type { NodePrompts } from "./node-prompts.ts";
import { admitEvent, describeReanalysis, ToJudge } from "./reanalysis.ts";
import type { Site } from "./site.ts";
import type { Job, Result, SlowStage, Tables } from "./stage.ts";
import { type Judge, type Scene, storeEvent, storeFirst } from "./store-event.ts";

export interface AnalysisOptions extends Judge {
  /** Null: rules judge, and say so. */
  readonly client: LlamaClient | null;
  readonly prompts: NodePrompts;
  readonly limit: DailyLimit;
  /** What the model is shown, if it takes pictures; absent: none. */
  readonly pictures?: Pick<KeyPictureOptions, "most" | "longestSide"> | undefined;
  /** That of the model's server; absent where rules judge. */
  readonly gate?: ServerGate | undefined;
  readonly concurrency: number;
  /** When an estimate goes before the model's verdict: always, when the model does not answer, or never. */
  readonly estimate: "always" | "away" | "never";
  /** How long a batch waits for a model that is away, in milliseconds; null: without an end. */
  readonly waitMs: number | null;
}

/** A model that has not answered by then counts as away. */
const AWAY_MS = 10_000;
const MINUTE_MS = 60_000;

export function analysisStage(options: AnalysisOptions): SlowStage<ToJudge> {
  const { site, waitMs } = options;
  return {
    input: ToJudge,
    admit: async (message) => admit(message, options),
    describe: ({ again, ...batch }) =>
      again === undefined ? describe(batch, site.clock.now()) : describeReanalysis(again, batch, site, options.nodeId),
    ...(options.gate && { gate: options.gate }),
    ...(options.client && { server: options.client }),
    concurrency: options.concurrency,
    work: (batch, job, signal) => analyse(batch, job, signal, options),
    ...(options.client &&
      options.estimate !== "never" && {
        whileAway: async (batch, job, signal) => {
          if (batch.again === undefined) estimateAhead(await look(batch, options, signal), job, options);
        },
      }),
    ...(options.client && waitMs !== null && { giveUp: giveUpAfter(waitMs, options) }),
    ...(options.client && { merge: (tables, batches) => mergeWaiting(tables, batches, site) }),
  };
}

function admit(message: FlowMessage, { site, client, limit }: AnalysisOptions): unknown {
  const payload = admitEvent(message, site);
  if (payload === message.payload) return payload;
  if (client === null) throw noModel();
  if (limit.until !== null) throw overLimit(limit);
  return payload;
}

function overLimit({ reason }: DailyLimit): InputError {
  return new InputError("DAILY_LIMIT", reason);
}

function noModel(): InputError {
  return new InputError("NO_MODEL", "An event is judged again by a model only: name its server in the node");
}

function describe(batch: Batch, now: number) {
  return {
    subject: { kind: "batch", id: batch.batch_id },
    cameraId: batch.camera_id,
    priority: batchPriority(batch, now),
  } as const;
}

/** When the model lags, what waits of one camera is judged in one go. */
function mergeWaiting(tables: Tables, [first, ...others]: readonly ToJudge[], site: Site) {
  if (!first || first.again !== undefined) return null;
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

/** The batch with its event's picture, which is drawn once: what is tried or judged again, or was estimated, has it. */
async function look(
  { again, ...batch }: ToJudge,
  { site, nodeId }: AnalysisOptions,
  signal: AbortSignal,
): Promise<Scene> {
  const { events } = site.store;
  const eventId = events.idOf(batch.batch_id, nodeId) ?? again;
  const known = eventId === undefined ? undefined : events.get(eventId);
  if (known) return { batch, picturePath: known.picture_path };
  const newId = deriveId("event", batch.batch_id, nodeId);
  return { batch, picturePath: await drawEventPicture(batch, newId, site, signal) };
}

async function analyse(toJudge: ToJudge, job: Job, signal: AbortSignal, options: AnalysisOptions): Promise<Result> {
  const { site, client, limit } = options;
  // Nobody waits for a second verdict.
  const estimate = toJudge.again === undefined ? options.estimate : "never";
  if (client === null && toJudge.again !== undefined) throw noModel();
  const scene = await look(toJudge, options, signal);
  const { batch } = scene;
  if (client === null) return { commit: (tables) => storeEvent(tables, scene, estimated(batch, true, site), options) };
  const end = limit.begin();
  if (end === null) {
    if (toJudge.again !== undefined) throw overLimit(limit);
    const judgement = estimated(batch, true, site, limit.reason);
    return { commit: (tables) => storeEvent(tables, scene, judgement, options), askedServer: false };
  }

  // The estimate leaves while the batch is still in use, and whoever gets it may change it.
  const estimateFirst = () => estimateAhead({ ...scene, batch: Batch.parse(batch) }, job, options);
  if (estimate === "always") estimateFirst();
  const cancelAway = estimate === "away" ? site.clock.after(AWAY_MS, estimateFirst) : () => {};
  try {
    const { judgement, failure } = await judge(batch, client, options, signal);
    const commit = (tables: Tables) => {
      tables.afterCommit(() => limit.look());
      return storeEvent(tables, scene, judgement, options);
    };
    return { commit, ...(failure && { failure }) };
  } catch (error) {
    if (error instanceof ServerError && estimate === "away" && !signal.aborted) estimateFirst();
    throw error;
  } finally {
    cancelAway();
    end();
  }
}

/**
 * Closes what has waited so long for the model as it stands: by an estimate, or unjudged where none is wanted. What was to
 * be judged again keeps its verdict.
 */
function giveUpAfter(afterMs: number, options: AnalysisOptions): NonNullable<SlowStage<ToJudge>["giveUp"]> {
  const reason = `The model did not answer within ${afterMs / MINUTE_MS} min.`;
  return {
    afterMs,
    end: async (toJudge, _job, signal) => {
      if (toJudge.again !== undefined) return { commit: () => [], failure: new VigilError("LLM_WAIT_LIMIT", reason) };
      const scene = await look(toJudge, options, signal);
      const judgement: Judgement =
        options.estimate === "never"
          ? { analysis: "none", reason, model: null, usage: UNMEASURED, final: true }
          : estimated(scene.batch, true, options.site, reason);
      return { commit: (tables) => storeEvent(tables, scene, judgement, options) };
    },
  };
}

/** `because`: why no model judges, where that is not for want of one. */
function estimated(batch: Batch, final: boolean, site: Site, because = ""): Judgement {
  const { time_zone } = site.camera(batch.camera_id);
  const estimate = estimateRisk(batch, localTime(batch.started_at, time_zone).hour);
  const reasoning = `${because} ${estimate.reasoning}`.trim();
  return { analysis: "rules", estimate: { ...estimate, reasoning }, final };
}

/** Sends an estimate that the model's verdict follows. */
function estimateAhead(scene: Scene, job: Job, options: AnalysisOptions): void {
  job.interim((tables) => storeFirst(tables, scene, estimated(scene.batch, false, options.site), options));
}

/** Asks the model. An answer that cannot be used is a judgement too, that nobody judged; a server that is away is none. */
async function judge(
  batch: Batch,
  client: LlamaClient,
  options: AnalysisOptions,
  signal: AbortSignal,
): Promise<{ judgement: Judgement; failure?: ReplyError }> {
  await client.ready();
  try {
    const { promptVersion, ...answer } = await askModel(batch, { ...options, client }, signal);
    if ("failure" in answer) return unjudged(answer.failure, answer);
    const { verdict, model, usage } = answer;
    return { judgement: { analysis: "model", verdict, model, promptVersion, usage, final: true } };
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return unjudged(error, { model: null, usage: UNMEASURED });
  }
}

function unjudged(failure: ReplyError, { model, usage }: Pick<Answer, "model" | "usage">) {
  const judgement: Judgement = { analysis: "none", reason: failure.message, model, usage, final: true };
  return { judgement, failure };
}
