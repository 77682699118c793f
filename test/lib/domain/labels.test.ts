import { equal } from "node:assert/strict";
import { groupOf, isWanted } from "../../../lib/domain/labels.ts";

describe("groupOf", () => {
  const groups: [string, string | null][] = [
    ["person", "person"],
    ["Person", "person"],
    ["pedestrian", "person"],
    ["car", "vehicle"],
    ["motorbike", "vehicle"],
    ["vehicle", "vehicle"],
    ["dog", "animal"],
    ["motion", null],
    ["chair", null],
    ["constructor", null],
    ["", null],
  ];
  for (const [label, group] of groups) {
    it(`of "${label}" is ${group}`, () => equal(groupOf(label), group));
  }
});

describe("isWanted", () => {
  const cases: [string, string[], boolean][] = [
    ["car", ["car"], true],
    ["Car", ["CAR"], true],
    ["car", ["vehicle"], true],
    ["car", ["animal", "Vehicle"], true],
    ["car", ["truck"], false],
    // A detector that knows no more than the group is not asked for more.
    ["vehicle", ["car"], false],
    ["chair", ["vehicle"], false],
    ["chair", [], false],
  ];
  for (const [label, wanted, answer] of cases) {
    it(`${answer ? "takes" : "does not take"} ${label} for ${wanted.join(", ") || "nothing"}`, () =>
      equal(isWanted(label, wanted), answer));
  }
});
