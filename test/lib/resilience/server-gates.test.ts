import { equal, notEqual } from "node:assert/strict";
import { ServerGates } from "../../../lib/resilience/server-gates.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("ServerGates", () => {
  const same: [string, string][] = [
    ["http://server:8095", "http://server:8095/"],
    ["http://server:8090/yolo26", "http://server:8090/yolo26/"],
    ["http://server", "http://SERVER:80"],
    ["http://user:secret@server:8095", "http://server:8095?x=1"],
  ];
  for (const [one, other] of same) {
    it(`has one gate for ${one} and ${other}`, () => {
      const gates = new ServerGates(new FakeClock());
      equal(gates.of(one), gates.of(other));
    });
  }

  const different: [string, string][] = [
    ["http://server:8095", "http://server:8096"],
    ["http://server:8095", "https://server:8095"],
    ["http://server:8095", "http://other:8095"],
    ["http://gateway:8090/yolo26", "http://gateway:8090/llm"],
  ];
  for (const [one, other] of different) {
    it(`has two gates for ${one} and ${other}`, () => {
      const gates = new ServerGates(new FakeClock());
      notEqual(gates.of(one), gates.of(other));
    });
  }
});
