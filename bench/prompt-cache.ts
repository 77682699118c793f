/**
 * How much of the prompts of consecutive events a llama-server has in its cache. The server is real, with one slot as at
 * home; its model's tokens are bytes, so the share in tokens of usual models is estimated beside it.
 */
import { LLAMA_DEFAULTS, LlamaClient } from "../lib/analyze/llama-client.ts";
import { fitPrompt } from "../lib/analyze/prompts/fit.ts";
import type { Prompt } from "../lib/analyze/prompts/prompt.ts";
import { systemText } from "../lib/analyze/prompts/system.ts";
import { estimateTokens } from "../lib/analyze/token-budget.ts";
import { DEFAULT_RISK_BANDS } from "../lib/domain/risk.ts";
import { LlamaServer } from "../test/e2e/llm/llama-server.ts";
import { eventually } from "../test/support/eventually.ts";
import { removeTempFolders } from "../test/support/temp-folder.ts";
import { atLeast, type Benchmark, type Figure } from "./figure.ts";
import { HOUSEHOLD, type HomeEvent, homeEvents } from "./home-events.ts";

const EVENTS = 50;
const GOAL_SHARE = 0.7;
const ROOMY = 1_000_000;
/** What the model answers has no part in this, and takes most of the time. */
const ANSWER_TOKENS = 8;
const PROOF_MS = 60_000;

/** Tokens of all prompts, and those of them that were in the cache. */
interface Tokens {
  readonly all: number;
  readonly cached: number;
}

export const promptCache: Benchmark = {
  name: "prompt-cache",
  async run(): Promise<Figure[]> {
    const enriched = homeEvents(EVENTS);
    const basic = enriched.map(({ batch: { context: _context, ...batch }, camera }) => ({ batch, camera }));
    return [...(await measure("basic", basic)), ...(await measure("enriched", enriched))];
  },
};

async function measure(tier: "basic" | "enriched", events: readonly HomeEvent[]): Promise<Figure[]> {
  const system = systemText({ bands: DEFAULT_RISK_BANDS, household: HOUSEHOLD, house_rules: "" });
  const prompts = await Promise.all(
    events.map(async ({ batch, camera }) => {
      return (await fitPrompt({ system, batch, camera, budget: ROOMY, tokens: null })).prompt;
    }),
  );
  const figure = (name: string, { all, cached }: Tokens, tokens: string) => ({
    name,
    value: cached / all,
    unit: "of 1",
    detail: `${EVENTS} events of five cameras, from an empty cache; ${Math.round(all / EVENTS)} ${tokens} a prompt`,
  });
  const served = figure(`cached prompt tokens, ${tier}`, await serve(prompts), "bytes, each a token,");
  const estimated = figure(`cached prompt tokens, ${tier}, estimated`, estimate(prompts), "estimated tokens");
  return [
    tier === "enriched" ? atLeast(GOAL_SHARE, served) : { ...served, goal: null, ok: null },
    { ...estimated, goal: null, ok: null },
  ];
}

/** As the server counts them. */
async function serve(prompts: readonly Prompt[]): Promise<Tokens> {
  const server = await LlamaServer.start({ slots: 1 });
  const options = { ...LLAMA_DEFAULTS, maxTokens: ANSWER_TOKENS, url: server.url };
  const client = new LlamaClient({ ...options, api: "chat", model: null, apiKey: null });
  try {
    await client.ready();
    // Its question would come between two events.
    await eventually(() => client.schemaEnforced !== null, "the schema's proof", PROOF_MS);
    let all = 0;
    let cached = 0;
    for (const prompt of prompts) {
      const { promptTokens, cachedTokens } = await client.judge(prompt, new AbortController().signal);
      if (promptTokens === null || cachedTokens === null) throw new Error("llama-server did not count the tokens");
      all += promptTokens;
      cached += cachedTokens;
    }
    return { all, cached };
  } finally {
    await client.close();
    await server.kill();
    removeTempFolders();
  }
}

/** Of each prompt, what it has in common with the one before, from its beginning. */
function estimate(prompts: readonly Prompt[]): Tokens {
  const texts = prompts.map(({ system, user }) => `${system}\n\n${user}`);
  const tokens = (list: readonly string[]) => list.reduce((sum, text) => sum + estimateTokens(text), 0);
  const common = texts.map((text, n) => text.slice(0, commonLength(text, texts[n - 1] ?? "")));
  return { all: tokens(texts), cached: tokens(common) };
}

function commonLength(text: string, before: string): number {
  let length = 0;
  while (length < text.length && text[length] === before[length]) length += 1;
  return length;
}
