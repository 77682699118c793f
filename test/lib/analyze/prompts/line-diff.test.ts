import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { lineDiff } from "../../../../lib/analyze/prompts/line-diff.ts";

describe("lineDiff", () => {
  const cases: [what: string, first: string, second: string, expected: string[]][] = [
    ["the same text", "a\nb", "a\nb", []],
    ["a changed line", "a\nb\nc", "a\nx\nc", ["- b", "+ x"]],
    ["a new line", "a\nc", "a\nb\nc", ["+ b"]],
    ["a line less", "a\nb\nc", "a\nc", ["- b"]],
    ["lines at the end", "a", "a\nb\nc", ["+ b", "+ c"]],
    ["nothing in common", "a\nb", "c", ["- a", "- b", "+ c"]],
    ["lines that come twice", "a\na\nb", "a\nb\nb", ["- a", "+ b"]],
  ];
  for (const [what, first, second, expected] of cases) {
    it(`finds in ${what}: ${expected.join(" ") || "nothing"}`, () => deepEqual(lineDiff(first, second), expected));
  }

  it("accounts for every line of both", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, (first, second) => {
        const changes = lineDiff(first.join("\n"), second.join("\n"));
        const without = (lines: string[], sign: string) => {
          const left = [...lines];
          for (const change of changes) if (change[0] === sign) left.splice(left.indexOf(change.slice(2)), 1);
          return left.sort();
        };
        deepEqual(without(first, "-"), without(second, "+"));
      }),
    );
  });
});
