/** From the text a model wrote to a verdict, or to the reason why there is none: over the corpus of replies. */
import { parseVerdict, UnusableReply } from "../lib/analyze/reply.ts";
import { CORPUS } from "../test/lib/analyze/corpus/index.ts";
import { type Benchmark, below, type Figure, quantile } from "./figure.ts";

const WARM_UP_ROUNDS = 20;
const ROUNDS = 50;
const GOAL_P99_MS = 1;
const HOSTILE = ["{", '{"', "{}", "<think>"];
const LARGE_BYTES = 2 ** 20;
/** A busy machine takes its time now and then. */
const TRIES = 3;
const GOAL_LARGE_MS = 500;

export const replyParse: Benchmark = {
  name: "reply-parse",
  async run(): Promise<Figure[]> {
    const times: number[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      for (const { reply } of CORPUS) {
        const took = time(reply);
        if (round >= WARM_UP_ROUNDS) times.push(took);
      }
    }
    const large = HOSTILE.map((piece) => piece.repeat(LARGE_BYTES / piece.length)).map((reply) =>
      Math.min(...Array.from({ length: TRIES }, () => time(reply))),
    );
    const detail = `${ROUNDS} rounds of ${CORPUS.length} replies`;
    return [
      { name: "reply-parse median", value: quantile(times, 0.5) * 1_000, unit: "µs", goal: null, ok: null, detail },
      below(GOAL_P99_MS, { name: "reply-parse p99", value: quantile(times, 0.99), unit: "ms", detail }),
      below(GOAL_LARGE_MS, {
        name: "reply-parse, hostile",
        value: Math.max(...large),
        unit: "ms",
        detail: `the slowest of ${large.length} replies of 1 MiB, each the best of ${TRIES} tries`,
      }),
    ];
  },
};

/** Milliseconds. */
function time(reply: string): number {
  const began = performance.now();
  try {
    parseVerdict(reply);
  } catch (error) {
    if (!(error instanceof UnusableReply)) throw error;
  }
  return performance.now() - began;
}
