/** Scores and confidences that are none. */
import { CAT, LOITERER, type Recorded, refuses } from "./recorded.ts";

const score = (literal: string) => CAT.replace(":3}", `:${literal}}`);
const confidence = (literal: string) => LOITERER.replace(":0.8,", `:${literal},`);

const SCORES: readonly (readonly [string, string])[] = [
  ["above 100", "101"],
  ["far above", "6100"],
  ["below 0", "-1"],
  ["a fraction", "61.5"],
  ["nearly a whole number", "61.00000000000000000001"],
  ["with an exponent", "6.1e1"],
  ["with a large exponent", "1e999"],
  ["with a small exponent", "610e-1"],
  ["minus zero", "-0"],
  ["a number beyond all bounds", "9".repeat(400)],
  ["just beyond what a double holds", "9007199254740993"],
  ["text", '"61"'],
  ["text with a unit", '"61/100"'],
  ["a word", '"high"'],
  ["null", "null"],
  ["true", "true"],
  ["a list", "[61]"],
  ["an object", '{"value":61}'],
];

const NO_JSON: readonly (readonly [string, string])[] = [
  ["NaN", "NaN"],
  ["infinite", "Infinity"],
  ["with a plus sign", "+61"],
  ["with a leading zero", "061"],
  ["without a digit before the point", ".5"],
  ["without a digit after the point", "61."],
  ["hexadecimal", "0x3d"],
  ["with a percent sign", "61%"],
  ["a sum", "50+11"],
  ["with a thousands separator", "1_000"],
  ["in Arabic digits", "٦١"],
  ["missing", ""],
];

export const NUMBERS: readonly Recorded[] = [
  ...SCORES.map(([what, literal]) => refuses(`a score that is ${what}`, score(literal), /risk_score: /)),
  ...NO_JSON.map(([what, literal]) => refuses(`a score that is ${what}`, score(literal), /JSON is broken/)),
  refuses("no score", `{"reasoning":"A cat.","summary":"A cat.","risk_level":"low"}`, /no risk_score/),
  refuses("a score under another name", `{"reasoning":"A cat.","summary":"A cat.","score":3}`, /no risk_score/),
  refuses("a score in capitals", `{"reasoning":"A cat.","summary":"A cat.","RISK_SCORE":3}`, /no risk_score/),
  refuses("a confidence above 1", confidence("1.2"), /confidence: /),
  refuses("a confidence in percent", confidence("80"), /confidence: /),
  refuses("a confidence below 0", confidence("-0.1"), /confidence: /),
  refuses("a confidence as text", confidence('"0.8"'), /confidence: /),
  refuses("a confidence as a word", confidence('"high"'), /confidence: /),
  refuses("a confidence with an exponent", confidence("8e-1"), /confidence: /),
];
