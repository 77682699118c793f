/** Changes a reply as a model, a network or a joker would. */
import type { Dice } from "../../../faults/dice.ts";
import type { Recorded } from "./recorded.ts";

const PIECES = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "\\",
  "'",
  "\n",
  "\u0000",
  "\ufeff",
  "-",
  ".",
  "e9",
  "0",
  "00",
  "1",
  "9",
  "%",
  "null",
  "true",
  "NaN",
  "<think>",
  "</think>",
  "```",
  "//",
  "/*",
  "\\u0041",
  "\\ud83d",
  "risk_score",
  '"risk_score":',
  '"risk_score":77,',
  '{"risk_score":88}',
  '"confidence":0.5,',
  "\u202e",
  "玄関",
] as const;

type Change = (reply: string, corpus: readonly Recorded[], dice: Dice) => string;

const CHANGES: readonly Change[] = [
  (reply, _corpus, dice) => insert(reply, dice.pick(PIECES), dice),
  (reply, _corpus, dice) => insert(reply, dice.pick(PIECES), dice),
  // A span is lost, doubled, or moved.
  (reply, _corpus, dice) => {
    const [before, , after] = parts(reply, dice);
    return before + after;
  },
  (reply, _corpus, dice) => {
    const [before, span, after] = parts(reply, dice);
    return before + span + span + after;
  },
  (reply, _corpus, dice) => {
    const [before, span, after] = parts(reply, dice);
    return insert(before + after, span, dice);
  },
  (reply, _corpus, dice) => reply.slice(0, dice.whole(0, reply.length)),
  (reply, _corpus, dice) => reply.replace(/\d+/g, (digits) => (dice.chance(0.5) ? String(dice.whole(0, 130)) : digits)),
  (reply, corpus, dice) => reply + dice.pick(corpus).reply,
  (reply, corpus, dice) => insert(reply, dice.pick(corpus).reply, dice),
  (reply, corpus, dice) => {
    const other = dice.pick(corpus).reply;
    return reply.slice(0, dice.whole(0, reply.length)) + other.slice(dice.whole(0, other.length));
  },
];

/** The reply with one to four changes. */
export function mutate(reply: string, corpus: readonly Recorded[], dice: Dice): string {
  let changed = reply;
  for (let left = dice.whole(1, 4); left > 0; left--) changed = dice.pick(CHANGES)(changed, corpus, dice);
  return changed;
}

function insert(reply: string, piece: string, dice: Dice): string {
  const at = dice.whole(0, reply.length);
  return reply.slice(0, at) + piece + reply.slice(at);
}

/** What stands before a span of up to forty characters, the span, and what stands after. */
function parts(reply: string, dice: Dice): [string, string, string] {
  const start = dice.whole(0, reply.length);
  const end = Math.min(reply.length, start + dice.whole(1, 40));
  return [reply.slice(0, start), reply.slice(start, end), reply.slice(end)];
}
