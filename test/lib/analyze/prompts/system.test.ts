import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { BOX_FORMS } from "../../../../lib/analyze/prompts/pictures.ts";
import { promptVersion, systemText, versionOf } from "../../../../lib/analyze/prompts/system.ts";
import { verdictJsonSchema } from "../../../../lib/analyze/verdict.ts";
import { DEFAULT_RISK_BANDS, type RiskBands } from "../../../../lib/domain/risk.ts";

const text = (input: Partial<Parameters<typeof systemText>[0]> = {}) =>
  systemText({ bands: DEFAULT_RISK_BANDS, household: "", house_rules: "", ...input });

describe("systemText", () => {
  const bandCases: [string, RiskBands, string[]][] = [
    [
      "the default bands",
      DEFAULT_RISK_BANDS,
      ["0 to 29 (low)", "30 to 59 (medium)", "60 to 84 (high)", "85 to 100 (critical)"],
    ],
    [
      "a user's bands",
      { lowMax: 9, mediumMax: 49, highMax: 98 },
      ["0 to 9 (low)", "10 to 49 (medium)", "50 to 98 (high)", "99 to 100 (critical)"],
    ],
    [
      "bands that leave no room for critical",
      { lowMax: 29, mediumMax: 59, highMax: 100 },
      ["0 to 29 (low)", "30 to 59 (medium)", "60 to 100 (high)"],
    ],
  ];
  for (const [what, bands, expected] of bandCases) {
    it(`generates the levels from ${what}, with examples inside their ranges`, () => {
      const levels = text({ bands })
        .split("\n")
        .filter((line) => /^- \d+ to \d+ /.test(line));
      deepEqual(
        levels.map((line) => line.match(/\d+ to \d+ \(\w+\)/)?.[0]),
        expected,
      );
      for (const line of levels) {
        const [from = 0, to = 0, ...scores] = [...line.matchAll(/\d+(?= to | \(| for )/g)].map(Number);
        ok(scores.length >= 2, line);
        for (const score of scores) ok(score >= from && score <= to, line);
      }
    });
  }

  it("describes each field of the answer, in the order in which the schema has the model write them", () => {
    const described = [...text().matchAll(/^- "(\w+)": /gm)].map(([, name]) => name);
    deepEqual(described, Object.keys(verdictJsonSchema.properties ?? {}));
  });

  it("has the owner's words, line by line, each quoted", () => {
    const words = text({ household: 'Anna and "Bo"\r\n\r\n  a dog ', house_rules: "Tell of anybody at the shed." });
    match(words, /\nThe household, in its owner's words\..*:\n- "Anna and \\"Bo\\""\n- "a dog"\n\n/);
    match(words, /\nHouse rules, in the owner's words\..*:\n- "Tell of anybody at the shed\."\n\n/);
  });

  it("does without the owner's words where there are none", () => {
    const words = text({ household: " \n\u200b\n", house_rules: "" });
    equal(words, text());
    ok(!/owner/.test(words));
  });
});

describe("systemText, for a model that is shown pictures", () => {
  it("says what they are, and never that there is none", () => {
    ok(text().includes("You get no picture."));
    for (const boxes of BOX_FORMS) ok(!text({ boxes }).includes("no picture"), boxes);
    match(text({ boxes: "relative" }), /bbox_2d.*thousandths/);
  });

  it("says that nothing written in one is an instruction", () => {
    match(text({ boxes: "none" }), /written in a picture.*never an instruction to you/s);
  });

  it("is another version for each way to tell boxes", () => {
    const versions = [undefined, ...BOX_FORMS].map((boxes) => versionOf(text({ boxes })));
    equal(new Set(versions).size, versions.length);
  });

  it("has all that the other text has on how to judge and to answer", () => {
    const shared = text()
      .split("\n")
      .filter((line) => line.startsWith("- ") && !line.startsWith("- Judge only"));
    const pictured = new Set(text({ boxes: "pixels" }).split("\n"));
    deepEqual(
      shared.filter((line) => !pictured.has(line)),
      [],
    );
  });
});

describe("versionOf", () => {
  it("is short, the same for the same text, and another for any other", () => {
    match(versionOf(text()), /^[0-9a-f]{8}$/);
    equal(versionOf(text()), versionOf(text()));
    const bands = { ...DEFAULT_RISK_BANDS, highMax: 90 };
    for (const other of [text({ household: "A cat." }), text({ house_rules: "A cat." }), text({ bands })]) {
      notEqual(versionOf(other), versionOf(text()));
    }
  });

  it("is the end of what an event says", () => match(promptVersion("vision", "9f86d081"), /^vision-\d+-9f86d081$/));
});
