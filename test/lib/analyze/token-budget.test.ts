import { equal, ok } from "node:assert/strict";
import { HOUSE_RULES_LENGTH, HOUSEHOLD_LENGTH, systemText } from "../../../lib/analyze/prompts/system.ts";
import { estimateTokens, promptBudget } from "../../../lib/analyze/token-budget.ts";
import { DEFAULT_RISK_BANDS } from "../../../lib/domain/risk.ts";

describe("estimateTokens", () => {
  /**
   * What the tokenisers of GPT-4, GPT-4o, Llama 2, Llama 3 and Mistral make of a text at most, counted with gpt-tokenizer
   * 4.0.0, llama-tokenizer-js 1.2.2, llama3-tokenizer-js 1.2.0 and mistral-tokenizer-js 1.0.0.
   */
  const counted: [what: string, text: string, most: number][] = [
    ["nothing", "", 0],
    ["a detection", '- at 12 s, "person", 0.90, top left, large', 21],
    [
      "facts",
      '- {"name":"Driveway","kind":"driveway","seconds":12.5,"count":3}\n- {"name":"Front door","kind":"entry_point","seconds":4,"count":1}',
      47,
    ],
    ["digits", "12345678901234567890 0.123 99.5", 33],
    [
      "German",
      "Anna und Ben wohnen hier mit zwei Kindern. Der graue Kombi gehört uns; die Nachbarin füttert täglich gegen acht Uhr die Katze.",
      43,
    ],
    ["Japanese", "田中家の玄関です。平日は家族が八時に出かけます。黒い犬がいます。", 38],
    ["Russian", "Здесь живут Анна и Борис, у них две машины и собака.", 29],
    ["Arabic", "يعيش هنا أحمد وليلى مع طفلين وسيارة رمادية", 44],
    ["Hindi", "यहाँ राम और सीता रहते हैं, उनके पास दो कारें हैं", 56],
  ];
  for (const [what, text, most] of counted) {
    it(`is no less than any tokeniser counts: ${what}`, () => {
      const estimate = estimateTokens(text);
      ok(estimate >= most && estimate <= most * 3, `${estimate}`);
    });
  }

  it("grows with the text", () => {
    let text = "";
    for (const more of ["a", " ", "1", "\n", "é", "玄", "🐕", "."]) {
      const before = estimateTokens(text);
      text += more;
      ok(estimateTokens(text) >= before, JSON.stringify(text));
    }
  });
});

describe("promptBudget", () => {
  it("keeps room for the answer and for the model's template", () => {
    const budget = promptBudget(4096, 768);
    ok(budget < 4096 - 768 && budget > 3000);
  });

  it("has room for all that an owner may write, and for an event, in the smallest usual context", () => {
    const prose = "Anna and Ben live here, with two children and a black dog called Rex. ".repeat(100);
    const text = systemText({
      bands: DEFAULT_RISK_BANDS,
      household: prose.slice(0, HOUSEHOLD_LENGTH),
      house_rules: prose.slice(0, HOUSE_RULES_LENGTH),
    });
    ok(promptBudget(4096, 768) - estimateTokens(text) > 300);
    equal(text.match(/^- "Anna/gm)?.length, 2);
  });
});
