/** `nemotron-analyze` on a running site, and a model's server that a test commands. */
import { LLAMA_DEFAULTS, LlamaClient } from "../../../lib/analyze/llama-client.ts";
import type { Batch } from "../../../lib/domain/batch.ts";
import { EventRecord } from "../../../lib/domain/event.ts";
import { ServerGate } from "../../../lib/resilience/server-gate.ts";
import { type AnalysisOptions, analysisStage } from "../../../lib/site/analysis.ts";
import { DailyLimit } from "../../../lib/site/daily-limit.ts";
import { NodePrompts } from "../../../lib/site/node-prompts.ts";
import type { ToJudge } from "../../../lib/site/reanalysis.ts";
import { verdictCommands } from "../../../lib/site/verdict-commands.ts";
import { eventually } from "../../support/eventually.ts";
import { type LlmServer, startLlmServer } from "../../support/llm-server.ts";
import { type Rig, RunningSite } from "./running-site.ts";

export type JudgeRig = Rig<ToJudge>;

interface JudgeOptions extends Partial<AnalysisOptions> {
  readonly dailyLimit?: number | null;
  readonly household?: string;
}

export class Judging {
  readonly running: RunningSite;
  readonly llm: LlmServer;
  readonly client: LlamaClient;
  readonly gate: ServerGate;

  private constructor(running: RunningSite, llm: LlmServer) {
    this.running = running;
    this.llm = llm;
    const options = { ...LLAMA_DEFAULTS, concurrency: 8, url: llm.url, model: null, apiKey: null };
    this.client = new LlamaClient({ ...options, api: "completion" });
    this.gate = new ServerGate(running.clock);
  }

  static async start(running = new RunningSite()): Promise<Judging> {
    return new Judging(running, await startLlmServer());
  }

  /** Starts a node that judges, by default one that never estimates. */
  node(id = "analyze", { dailyLimit = null, household = "", ...options }: JudgeOptions = {}): JudgeRig {
    const { site } = this.running;
    return this.running.start(id, "nemotron-analyze", ({ nodeId }) => {
      const limit = new DailyLimit({ site, nodeId, limit: dailyLimit, onChange: () => {} });
      const stage = analysisStage({
        site,
        nodeId,
        client: this.client,
        prompts: new NodePrompts({
          site,
          nodeId,
          form: { household, house_rules: "" },
          contextSize: 4096,
          answerTokens: LLAMA_DEFAULTS.maxTokens,
          tokens: null,
        }),
        limit,
        gate: this.gate,
        concurrency: 1,
        estimate: "never",
        waitMs: null,
        publish: false,
        ...options,
      });
      return { stage, commands: verdictCommands(site, nodeId), close: () => limit.close() };
    });
  }

  /** From now on the model answers with this score. */
  score(risk_score: number, changes: object = {}): void {
    this.llm.answer(() => ({ reasoning: "r", summary: "s", risk_score, recommended_action: "", ...changes }));
  }

  /** A batch of the camera `porch` that has just ended. */
  batch(n: number, changes: Partial<Batch> = {}): Batch {
    const at = new Date(this.running.clock.now()).toISOString();
    return {
      batch_id: `ba_${n}`,
      camera_id: "porch",
      started_at: at,
      ended_at: at,
      close_reason: "idle",
      fast_path: false,
      detections: [],
      uploads: [],
      still_path: null,
      thumbnail_path: null,
      ...changes,
    };
  }

  /** Has a batch judged, and waits for the event. */
  async judge(rig: JudgeRig, batch: Batch): Promise<EventRecord> {
    const before = rig.ended.length;
    await rig.put({ _msgid: `batch ${batch.batch_id}`, payload: batch });
    await eventually(() => rig.ended.length > before, "the end of the job");
    const event = eventsOf(rig).findLast(({ batch_id }) => batch_id === batch.batch_id);
    if (!event) throw rig.ended.at(-1) ?? new Error("there is no event");
    return event;
  }

  async close(): Promise<void> {
    await this.running.close();
    await this.client.close();
    await this.llm.close();
  }
}

export function eventsOf({ sent }: JudgeRig): EventRecord[] {
  return sent.map(({ payload }) => EventRecord.parse(payload));
}

/** The answer to a command. Throws the error with which it ended. */
export async function ask(rig: JudgeRig, command: string, payload?: unknown): Promise<Record<string, unknown>> {
  const before = rig.answers.length;
  await rig.put({ command, payload });
  const answer = rig.answers[before];
  if (!answer) throw rig.ended.at(-1);
  return Object(answer.payload);
}
