import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { parseVerdict } from "../../../lib/analyze/reply.ts";
import { verdictJsonSchema } from "../../../lib/analyze/verdict.ts";
import { ReplyError } from "../../../lib/resilience/errors.ts";

const GOOD = { reasoning: "A person by day.", summary: "A visitor.", risk_score: 12, recommended_action: "Wave." };
const json = (changes: object = {}) => JSON.stringify({ ...GOOD, ...changes });

describe("parseVerdict", () => {
  const readable: [string, string][] = [
    ["plain JSON", json()],
    ["whitespace around and between", ` \n${JSON.stringify(GOOD, null, 2)}\n`],
    ["a markdown fence", `\`\`\`json\n${json()}\n\`\`\``],
    ["a fence without a language", `\`\`\`\n${json()}\`\`\``],
    ["a thinking block", `<think>\nIs {"risk_score": 99} right?\n</think>\n${json()}`],
    ["a thinking block and a fence", `<think></think>\`\`\`json${json()}\`\`\``],
    ["fields nobody asked for", json({ risk_level: "critical", __proto__: null })],
  ];
  for (const [what, content] of readable) {
    it(`reads ${what}`, () => deepEqual(parseVerdict(content), GOOD));
  }

  const unusable: [string, string, RegExp][] = [
    ["nothing", "  ", /empty/],
    ["only a thinking block", "<think>hm</think>", /empty/],
    ["prose", "I cannot judge this.", /JSON/],
    ["prose before the JSON", `Here it is: ${json()}`, /JSON/],
    ["JSON that was cut off", json().slice(0, -5), /JSON/],
    ["two objects", json() + json(), /JSON/],
    ["an unclosed thinking block", `<think>${json()}`, /JSON/],
    ["a list", `[${json()}]`, /expected object/],
    ["null", "null", /expected object/],
    ["a score above 100", json({ risk_score: 101 }), /risk_score.*100/],
    ["a score below 0", json({ risk_score: -1 }), /risk_score.*0/],
    ["a fraction", json({ risk_score: 12.5 }), /risk_score/],
    ["a score as text", json({ risk_score: "12" }), /risk_score/],
    ["no score", json({ risk_score: undefined }), /risk_score/],
    ["an empty summary", json({ summary: " \u200b\n" }), /summary/],
    ["a summary that is too long", json({ summary: "x".repeat(201) }), /summary: has more than 200 characters/],
    ["a reasoning that is too long", json({ reasoning: "x".repeat(2001) }), /reasoning/],
    ["no action", json({ recommended_action: undefined }), /recommended_action/],
  ];
  for (const [what, content, why] of unusable) {
    it(`refuses ${what}`, () => {
      throws(
        () => parseVerdict(content),
        (error) => {
          ok(error instanceof ReplyError);
          equal(error.code, "LLM_REPLY_UNUSABLE");
          equal(error.retryable, false);
          ok(why.test(error.message), error.message);
          return true;
        },
      );
    });
  }

  it("shows a short excerpt without control characters", () => {
    throws(
      () => parseVerdict(`\u001b[2J${"no ".repeat(1000)}`),
      (error) => {
        ok(error instanceof ReplyError);
        ok(/: "\(2Jno no no/.test(error.message), error.message);
        ok(error.message.length < 250, error.message);
        return true;
      },
    );
  });

  it("takes an empty action for none", () => {
    equal(parseVerdict(json({ recommended_action: " " })).recommended_action, null);
  });

  it("makes the texts one visible line each", () => {
    const verdict = parseVerdict(json({ summary: "A\nvisitor\u0000\u202e" }));
    equal(verdict.summary, "A visitor");
  });

  it("counts characters as the schema does", () => {
    equal([...parseVerdict(json({ summary: "👁".repeat(200) })).summary].length, 200);
  });

  it("stays quick on a hostile reply of a megabyte", () => {
    for (const content of ["```".repeat(350_000), `<think>${" ".repeat(2 ** 20)}`, "[".repeat(2 ** 20)]) {
      throws(() => parseVerdict(content), ReplyError);
    }
  });
});

describe("verdictJsonSchema", () => {
  it("bounds every field below what llama.cpp's grammar takes", () => {
    deepEqual(verdictJsonSchema, {
      type: "object",
      properties: {
        reasoning: { type: "string", minLength: 1, maxLength: 1000 },
        summary: { type: "string", minLength: 1, maxLength: 200 },
        risk_score: { type: "integer", minimum: 0, maximum: 100 },
        recommended_action: { type: "string", minLength: 0, maxLength: 200 },
      },
      required: ["reasoning", "summary", "risk_score", "recommended_action"],
      additionalProperties: false,
    });
  });

  it("has the model reason before it scores", () => {
    deepEqual(Object.keys(verdictJsonSchema.properties ?? {}).slice(0, 3), ["reasoning", "summary", "risk_score"]);
  });
});
