import assert from "node:assert/strict";
import {
  CameraLimits,
  days,
  gigabytes,
  JsonText,
  LabelList,
  Thresholds,
  TimeOfDay,
} from "../../../lib/site/form-fields.ts";

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

describe("limits of age and size", () => {
  const DAY = 24 * 60 * 60_000;

  it("tell an empty field from a missing one", () => {
    const keep = days(30);
    assert.deepEqual(
      [keep.parse(undefined), keep.parse(""), keep.parse(" "), keep.parse("7")],
      [30 * DAY, null, null, 7 * DAY],
    );
    assert.deepEqual([days(null).parse(undefined), gigabytes({ min: 0.1, max: 10 }).parse("1.5")], [null, 1.5e9]);
    for (const wrong of ["0", "-1", "1.5", "x", "36501", {}]) {
      assert.equal(keep.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
  });

  it("are read for each camera and kind", () => {
    const limits = CameraLimits.parse("front_door pictures 7, Garden  events ever, front_door originals 1,");
    assert.deepEqual(
      [...limits],
      [
        ["front_door", { pictures: 7 * DAY, originals: DAY }],
        ["garden", { events: null }],
      ],
    );
    for (const wrong of ["front_door 7", "front_door gpu 7", "front_door pictures 0", "front door pictures 7"]) {
      assert.match(CameraLimits.safeParse(wrong).error?.issues[0]?.message ?? "", /is not a camera, a kind and days/);
    }
  });

  it("have a time of day", () => {
    assert.deepEqual(
      ["03:30", " 23:59 ", ""].map((text) => TimeOfDay.parse(text)),
      ["03:30", "23:59", ""],
    );
    for (const wrong of ["24:00", "3:30", "03:60", "soon"]) assert.equal(TimeOfDay.safeParse(wrong).success, false);
  });
});
