/** How long prompts are: the tokens of one event in each tier, as estimated where no server counts them. */
import { fitPrompt } from "../lib/analyze/prompts/fit.ts";
import { TIERS } from "../lib/analyze/prompts/sections.ts";
import { systemText } from "../lib/analyze/prompts/system.ts";
import { estimateTokens } from "../lib/analyze/token-budget.ts";
import { DEFAULT_RISK_BANDS } from "../lib/domain/risk.ts";
import { batch, camera, contextOf, detection } from "../test/lib/analyze/fixtures.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { HOUSEHOLD } from "./home-events.ts";

const DETECTIONS = 10;
const ROOMY = 1_000_000;

export const promptTokens: Benchmark = {
  name: "prompt-tokens",
  async run(): Promise<Figure[]> {
    const system = systemText({ bands: DEFAULT_RISK_BANDS, household: HOUSEHOLD, house_rules: "" });
    const seen = Array.from({ length: DETECTIONS }, (_, n) =>
      detection({ offset_ms: n * 2_000, confidence: 0.9 - n / 50 }),
    );
    const figures = TIERS.map(async (tier): Promise<Figure> => {
      const batchOfTier = batch(seen, { context: contextOf(tier) });
      const { prompt, tokens } = await fitPrompt({ system, batch: batchOfTier, camera, budget: ROOMY, tokens: null });
      const fixed = estimateTokens(prompt.system);
      const detail = `estimated; ${fixed} of them (${Math.round((100 * fixed) / tokens)} %) the same for every event; ${DETECTIONS} detections`;
      return { name: `prompt tokens, ${tier}`, value: tokens, unit: "tokens", goal: null, ok: null, detail };
    });
    return Promise.all(figures);
  },
};
