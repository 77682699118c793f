import assert from "node:assert/strict";
import { JsonText, LabelList, Thresholds } from "../../../lib/site/form-fields.ts";

describe("LabelList", () => {
  it("reads labels between commas, in lower case", () => {
    assert.deepEqual(LabelList.parse(" Person,, traffic light ,"), ["person", "traffic light"]);
  });
});

describe("Thresholds", () => {
  it("reads a number for each label, in lower case", () => {
    const thresholds = Thresholds.parse("Person 0.6, traffic  light .25,bay 12 1,");
    assert.deepEqual(
      [...thresholds],
      [
        ["person", 0.6],
        ["traffic  light", 0.25],
        ["bay 12", 1],
      ],
    );
    assert.deepEqual([...Thresholds.parse(" ")], []);
  });

  it("says which entries are none", () => {
    const { error } = Thresholds.safeParse("person 60%, dog 0.5, dog 0.6, 0.7");
    assert.deepEqual(
      error?.issues.map(({ message }) => /^".*?"/.exec(message)?.[0]),
      ['"person 60%"', '"dog 0.6"', '"0.7"'],
    );
    assert.match(error?.issues[0]?.message ?? "", /is not one label, .* such as person 0\.6$/);
  });
});

describe("JsonText", () => {
  it("reads JSON, and nothing where there is none", () => {
    assert.deepEqual(JsonText.parse('[{"a": 1}]'), [{ a: 1 }]);
    assert.equal(JsonText.parse("  "), undefined);
  });

  it("says what is wrong with it", () => {
    assert.match(JsonText.safeParse("[1,").error?.issues[0]?.message ?? "", /^is not JSON: ./);
  });
});
