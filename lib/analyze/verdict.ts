/** What the model is asked for: the shape of a verdict, and the JSON schema that holds the model to it. */
import { z } from "zod";
import { RiskScore } from "../domain/risk.ts";
import { plainText } from "./sanitise.ts";

/**
 * Text of `min` to `max` characters, counted in code points as JSON Schema counts them. The model is asked for `asked`
 * at most.
 */
function text(min: number, max: number, asked = max) {
  return z
    .string()
    .overwrite(plainText)
    .min(min)
    .refine((value) => [...value].length <= max, `has more than ${max} characters`)
    .meta({ maxLength: asked });
}

/**
 * A model's verdict on a batch. The reasoning stands first because a model writes the fields in this order, and its
 * score should follow from its reasons. Of the reasoning the schema asks for half of what is accepted: some builds of
 * llama.cpp refuse a bound of 2000 (https://github.com/ggml-org/llama.cpp/issues/27087), and it fits the token budget.
 */
export const ModelVerdict = z.object({
  reasoning: text(1, 2000, 1000),
  summary: text(1, 200),
  risk_score: RiskScore,
  /** Null where nothing needs to be done. */
  recommended_action: text(0, 200).transform((action) => (action === "" ? null : action)),
});
export type ModelVerdict = z.infer<typeof ModelVerdict>;

const { $schema, ...fields } = z.toJSONSchema(ModelVerdict, { io: "input" });

/** The same shape for the server's grammar: no other fields, every one required. */
export const verdictJsonSchema = { ...fields, additionalProperties: false };
