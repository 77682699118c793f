/** What the model is asked for: the shape of a verdict, and the JSON schema that holds the model to it. */
import { z } from "zod";
import { Confidence, EventEntity, EventFlag, MOST_NAMED } from "../domain/event.ts";
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

/** A list of what the model names; it is asked for half of what is accepted. */
function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .max(MOST_NAMED)
    .meta({ maxItems: MOST_NAMED / 2 });
}

const named = { type: text(1, 40), description: text(1, 200, 100) };

/** llama.cpp's grammar ignores the bounds of a fraction, but not a list of values. */
const TENTHS = Array.from({ length: 11 }, (_, tenth) => tenth / 10);

/**
 * What a server that enforces a schema is held to. The reasoning stands first because a model writes the fields in this
 * order, and its score should follow from its reasons. Of the longer texts the schema asks for half of what is accepted,
 * so that a verdict fits the token budget; and some builds of llama.cpp refuse a bound of 2000
 * (https://github.com/ggml-org/llama.cpp/issues/27087).
 */
const AskedVerdict = z.object({
  reasoning: text(1, 2000, 1000),
  entities: list(EventEntity.extend(named)),
  flags: list(EventFlag.extend(named)),
  summary: text(1, 200),
  risk_score: RiskScore,
  confidence: Confidence.meta({ enum: TENTHS }),
  recommended_action: text(0, 200),
});

const { $schema, ...askedSchema } = z.toJSONSchema(AskedVerdict);

/** The shape for the server's grammar: no other fields, every one required. */
export const verdictJsonSchema = askedSchema;

const { entities, flags, confidence, recommended_action } = AskedVerdict.shape;

/** A model's verdict on a batch. Of a server that enforces nothing: what is left out is none. */
export const ModelVerdict = AskedVerdict.extend({
  entities: entities.nullish().transform((given) => given ?? []),
  flags: flags.nullish().transform((given) => given ?? []),
  confidence: confidence.nullish().transform((given) => given ?? null),
  /** Null where nothing needs to be done. */
  recommended_action: recommended_action.nullish().transform((given) => given || null),
});
export type ModelVerdict = z.infer<typeof ModelVerdict>;
