/** What the model is told of the fields of its answer. */
import type { z } from "zod";
import { ModelVerdict } from "../verdict.ts";

/** Each field of a verdict, in words. They are named to the model in the order of the schema, as it writes them. */
const FIELDS: Readonly<Record<keyof z.input<typeof ModelVerdict>, string>> = {
  reasoning: "the facts that count for and against a higher score, in two to four short sentences.",
  entities:
    'up to five of those that took part, each with "type", "description" and "threat_level" ("low", "medium", "high"); an empty list if none.',
  flags:
    'up to five things that deserve attention, each with "type", "description" and "severity" ("warning", "alert", "critical"); an empty list if nothing does, as is usual.',
  summary: "one sentence for the household saying what was seen, without the score.",
  risk_score: "the whole number that follows from the reasoning.",
  confidence: "how sure you are of the score, from 0 to 1.",
  recommended_action: 'one short sentence on what the household should do, or "" if nothing.',
};

/** One line for each field of the answer. */
export const ANSWER_LINES: readonly string[] = ModelVerdict.keyof().options.map(
  (name) => `- "${name}": ${FIELDS[name]}`,
);
