/** Who judges in a replay: a model, or whoever has judged before. */
import { askFitting } from "../../analyze/ask.ts";
import { UNMEASURED, type Usage } from "../../analyze/judge.ts";
import { LLAMA_DEFAULTS, LlamaClient } from "../../analyze/llama-client.ts";
import type { ContextError } from "../../analyze/llama-errors.ts";
import { fitPrompt } from "../../analyze/prompts/fit.ts";
import { type OwnersWords, promptVersion, systemText, versionOf } from "../../analyze/prompts/system.ts";
import { promptBudget, shorterBudget } from "../../analyze/token-budget.ts";
import type { RiskBands } from "../../domain/risk.ts";
import { InputError, ReplyError, ServerError } from "../../resilience/errors.ts";
import type { PromptVersion } from "../../store/prompts.ts";
import type { ModelChoice, PromptChoice } from "./options.ts";
import type { Scene } from "./scenes.ts";
import type { ReplaySettings } from "./settings.ts";

/** What a judge made of a scene. */
export interface Judged extends Usage {
  readonly risk_score: number | null;
  readonly summary: string | null;
  /** Why there is no score; null where there is one. */
  readonly failure: string | null;
  readonly model: string | null;
  readonly prompt_version: string | null;
}

export interface Judge {
  /** For people. */
  readonly name: string;
  /** Whether it takes time. */
  readonly asksModel: boolean;
  /** Throws a ServerError where it makes no sense to go on, and the signal's reason. */
  judge(scene: Scene, signal: AbortSignal): Promise<Judged>;
  close(): Promise<void>;
}

/** How a server fails at one question, and may answer the next. */
const OF_ONE_SCENE: ReadonlySet<string> = new Set(["LLM_TIMEOUT", "LLM_STALLED", "LLM_FAILED"]);

/** What the node assumes where the server does not say. */
const CONTEXT_SIZE = 8192;

/** The verdicts that events have. */
export const storedJudge: Judge = {
  name: "as it was judged",
  asksModel: false,
  judge: async ({ event }) => {
    if (event === null) return unjudged("it was not judged before");
    const { risk_score, summary, reasoning, model, prompt_version, ...rest } = event;
    const { prompt_tokens, completion_tokens, cached_tokens, latency_ms } = rest;
    const usage = { prompt_tokens, completion_tokens, cached_tokens, latency_ms };
    return { risk_score, summary, failure: risk_score === null ? reasoning : null, model, prompt_version, ...usage };
  },
  close: async () => {},
};

/**
 * A model with one prompt, asked as `nemotron-analyze` asks it. Of a stored version the fixed part is as it was; an event is
 * told in today's words. Throws an InputError `NO_SUCH_PROMPT`, and a ConfigError as `LlamaClient` does.
 */
export function modelJudge(
  choice: ModelChoice,
  prompts: readonly PromptVersion[],
  { bands, camera }: ReplaySettings,
): Judge {
  const { text: system, version } = promptOf(choice.prompt, prompts, bands);
  const client = new LlamaClient({ ...LLAMA_DEFAULTS, ...choice });
  const prompt = ({ batch, event }: Scene, budget: number) =>
    fitPrompt({
      system,
      batch,
      camera: camera(batch.camera_id, event?.camera_name ?? batch.camera_id),
      budget,
      tokens: client,
    });
  const { maxTokens } = LLAMA_DEFAULTS;
  return {
    name: `${choice.model ?? "the model"} at ${new URL(choice.url).host}, prompt ${version}`,
    asksModel: true,
    judge: async (scene, signal) => {
      await client.ready();
      try {
        const fitted = await prompt(scene, promptBudget(client.contextSize ?? CONTEXT_SIZE, maxTokens));
        const shorten = (error: ContextError) => prompt(scene, shorterBudget(fitted.tokens, error, maxTokens));
        const { model, usage, fitted: asked, ...answer } = await askFitting(client, fitted, shorten, signal);
        const by = { model, ...usage, prompt_version: promptVersion(asked.tier, version) };
        if ("failure" in answer) return { ...unjudged(answer.failure.message), ...by };
        const { risk_score, summary } = answer.verdict;
        return { risk_score, summary, failure: null, ...by };
      } catch (error) {
        if (error instanceof ReplyError || isOfOneScene(error)) return unjudged(error.message);
        throw error;
      }
    },
    close: () => client.close(),
  };
}

function isOfOneScene(error: unknown): error is ServerError {
  return error instanceof ServerError && OF_ONE_SCENE.has(error.code);
}

function promptOf(choice: PromptChoice, prompts: readonly PromptVersion[], bands: RiskBands) {
  if (choice === "newest") return written(prompts[0] ?? { household: "", house_rules: "" }, bands);
  if (!("version" in choice)) return written(choice, bands);
  const stored = prompts.find(({ version }) => version === choice.version);
  if (stored) return stored;
  const known = [...new Set(prompts.map(({ version }) => version))].join(", ") || "none, as a file of events has none";
  throw new InputError("NO_SUCH_PROMPT", `There is no version "${choice.version}" of the prompt; there are: ${known}`);
}

/** For a model that is shown no pictures. */
function written({ household, house_rules }: OwnersWords, bands: RiskBands) {
  const text = systemText({ household, house_rules, bands });
  return { text, version: versionOf(text) };
}

function unjudged(failure: string): Judged {
  return { risk_score: null, summary: null, failure, model: null, prompt_version: null, ...UNMEASURED };
}
