import { deepEqual } from "node:assert/strict";
import { verdictJsonSchema } from "../../../lib/analyze/verdict.ts";

describe("verdictJsonSchema", () => {
  const named = {
    type: { type: "string", minLength: 1, maxLength: 40 },
    description: { type: "string", minLength: 1, maxLength: 100 },
  };
  const list = (level: string, levels: string[]) => ({
    type: "array",
    maxItems: 5,
    items: {
      type: "object",
      properties: { ...named, [level]: { type: "string", enum: levels } },
      required: ["type", "description", level],
      additionalProperties: false,
    },
  });

  it("bounds every field within what llama.cpp's grammar takes, and requires each", () => {
    deepEqual(verdictJsonSchema, {
      type: "object",
      properties: {
        reasoning: { type: "string", minLength: 1, maxLength: 1000 },
        entities: list("threat_level", ["low", "medium", "high"]),
        flags: list("severity", ["warning", "alert", "critical"]),
        summary: { type: "string", minLength: 1, maxLength: 200 },
        risk_score: { type: "integer", minimum: 0, maximum: 100 },
        confidence: {
          type: "number",
          minimum: 0,
          maximum: 1,
          enum: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
        },
        recommended_action: { type: "string", minLength: 0, maxLength: 200 },
      },
      required: ["reasoning", "entities", "flags", "summary", "risk_score", "confidence", "recommended_action"],
      additionalProperties: false,
    });
  });

  it("has the model reason before it scores", () => {
    deepEqual(Object.keys(verdictJsonSchema.properties ?? {}), [
      "reasoning",
      "entities",
      "flags",
      "summary",
      "risk_score",
      "confidence",
      "recommended_action",
    ]);
  });
});
