import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { findObjects } from "../../../lib/analyze/json-objects.ts";
import { parseVerdict, UnusableReply } from "../../../lib/analyze/reply.ts";
import { ModelVerdict } from "../../../lib/analyze/verdict.ts";
import { Dice } from "../../faults/dice.ts";
import { CORPUS } from "./corpus/index.ts";
import { mutate } from "./corpus/mutate.ts";
import { CAT } from "./corpus/recorded.ts";

/** What becomes of a reply: a verdict, or the error that says why there is none. Anything else is a crash. */
function read(reply: string): ModelVerdict | UnusableReply {
  try {
    return parseVerdict(reply);
  } catch (error) {
    ok(error instanceof UnusableReply, String(error));
    return error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("parseVerdict", () => {
  for (const { name, reply, outcome } of CORPUS) {
    it(`${outcome instanceof RegExp ? "refuses" : "reads"} ${name}`, () => {
      const result = read(reply);
      if (outcome instanceof RegExp) {
        ok(result instanceof UnusableReply, JSON.stringify(result));
        ok(outcome.test(result.message), result.message);
        ok(result.message.includes(result.problem), result.problem);
        deepEqual([result.code, result.retryable], ["LLM_REPLY_UNUSABLE", false]);
      } else {
        ok(!(result instanceof UnusableReply), String(result));
        deepEqual({ ...result, ...outcome }, result);
      }
    });
  }

  it("neither crashes on a changed reply nor takes a score that does not stand in it", () => {
    const dice = new Dice(20261127);
    let taken = 0;
    for (let n = 0; n < 2_000; n++) {
      const reply = mutate(dice.pick(CORPUS).reply, CORPUS, dice);
      const result = read(reply);
      if (result instanceof UnusableReply) continue;
      taken++;
      deepEqual(ModelVerdict.parse(result), result);
      const stands = new RegExp(String.raw`"risk_score"\s*:\s*${result.risk_score}(\.0+)?\s*[,}]`);
      ok(stands.test(reply), `${result.risk_score} does not stand in ${reply}`);
      if (result.confidence !== null) ok(reply.includes(String(result.confidence)), reply);
    }
    ok(taken > 200 && taken < 1_800, `${taken} were taken`);
  });

  it("shows a short excerpt without control characters", () => {
    const { message } = read(`\u001b[2J${"no ".repeat(1000)}`) as UnusableReply;
    ok(/: "\(2Jno no no/.test(message), message);
    ok(message.length < 250, message);
  });

  it("counts characters as the schema does", () => {
    const reply = JSON.stringify({ reasoning: "r", summary: "👁".repeat(200), risk_score: 1 });
    equal([...parseVerdict(reply).summary].length, 200);
  });
});

describe("findObjects", () => {
  it("reads every object as JSON.parse does", () => {
    const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }));
    // A number that is written with an exponent is NaN.
    const plain = (value: unknown) => !/\d[eE]/.test(JSON.stringify(value));
    fc.assert(
      fc.property(objects.filter(plain), fc.constantFrom("", " ", "\t"), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const { objects: found, fault, flaw } = findObjects(`Here: ${text}.`);
        deepEqual([fault, flaw, found.length, found[0]?.twice], [null, null, 1, null]);
        deepEqual(JSON.stringify(found[0]?.value), JSON.stringify(object));
      }),
    );
  });

  it("takes an object exactly where JSON.parse does", () => {
    const flat = fc.constantFrom(
      CAT,
      String.raw`{ "a" : [ -0.5e+3, "\u00e9\n", true ], "" : null }`,
      '{"score":61.50,"list":[[],["x"]],"word":false}',
    );
    const pieces = [
      '"',
      ",",
      ":",
      "[",
      "]",
      "\\",
      "\n",
      "\u0000",
      "\ufeff",
      " ",
      "0",
      ".",
      "-",
      "e",
      "u",
      "null",
      "'",
      "/",
    ];
    const change = fc.record({ at: fc.nat(), gone: fc.nat(2), piece: fc.constantFrom("", ...pieces) });
    fc.assert(
      fc.property(flat, change, (text, { at, gone, piece }) => {
        const inside = 1 + (at % (text.length - 1));
        const rest = text.slice(Math.min(inside + gone, text.length - 1));
        const changed = text.slice(0, inside) + piece + rest;
        equal(findObjects(changed).objects.length === 1, isJson(changed), changed);
      }),
      { numRuns: 2_000 },
    );
  });

  const hostile: readonly (readonly [string, string])[] = [
    ["fences", "```"],
    ["braces", "{"],
    ["brackets in an object", "["],
    ["objects in one another", '{"a":'],
    ["lists of objects in one another", '{"a":[{"b":1},'],
    ["empty objects", "{}"],
    ["quotes", '{"'],
    ["escaped quotes", '{"\\"'],
    ["backslashes", "\\"],
    ["white space", "{ "],
    ["thoughts", "<think>"],
    ["ended thoughts", "</think>"],
    ["scores", '{"risk_score":1}'],
    ["different scores", '{"risk_score":"1"}'],
    ["digits", "1"],
    ["wrong entities", "0,"],
    ["zeros after a point", "0.0"],
    ["half words", '{"a":tru'],
  ];
  for (const [what, piece] of hostile) {
    it(`stays quick on half a megabyte of ${what}`, () => {
      for (const start of ["", '{"a":', '{"a":"', '{"a":0.', '{"risk_score":1,"entities":[']) {
        const reply = start + piece.repeat(2 ** 19 / piece.length);
        for (const end of ["", "0]}"]) throws(() => parseVerdict(reply + end), UnusableReply);
      }
    });
  }
});
