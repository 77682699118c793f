/**
 * Whether a server holds its model to the JSON schema that a request brings. Many take the schema and ignore it, so what
 * counts is what comes back: a constant that stands nowhere but in the schema.
 */
import { randomBytes } from "node:crypto";
import type { Question } from "./llama-api.ts";
import type { Completion } from "./llama-reply.ts";

/** The few characters of the answer, the white space that some models put between them, and no more thinking. */
const MAX_TOKENS = 96;

export interface SchemaProof {
  readonly question: Pick<Question, "prompt" | "schema" | "maxTokens">;
  /** Whether the schema was kept to; null where the answer does not tell, because it was cut. */
  judge(completion: Completion): boolean | null;
}

export function schemaProof(): SchemaProof {
  const code = randomBytes(6).toString("hex");
  const expected = JSON.stringify({ code });
  return {
    question: {
      prompt: { system: "You answer with one JSON object.", user: "Answer with the code." },
      schema: {
        name: "proof",
        schema: {
          type: "object",
          properties: { code: { type: "string", enum: [code] } },
          required: ["code"],
          additionalProperties: false,
        },
      },
      maxTokens: MAX_TOKENS,
    },
    judge: ({ content, isCut }) => {
      const written = content.replace(/\s/g, "");
      if (written === expected) return true;
      return isCut && expected.startsWith(written) ? null : false;
    },
  };
}
