import { deepEqual, equal } from "node:assert/strict";
import { causesOf, healthOf, type SiteFacts } from "../../../lib/ops/health.ts";

const WELL: SiteFacts = {
  services: [
    { service: "detector", state: "up" },
    { service: "llm", state: "starting" },
    { service: "mqtt", state: "up" },
  ],
  storeFault: null,
  storeReplaced: false,
  dead: 0,
  open: 0,
  waiting: { detect: 100, analyze: 50 },
  disk: { free_mib: 500_000, used_percent: 95 },
  homeAssistant: "connected",
  namesake: null,
  retention: null,
  silent: [],
  views: [],
  shares: null,
  gpus: [],
};

describe("a site's health", () => {
  const cases: [string, Partial<SiteFacts>, string, string[]][] = [
    ["all is well, though a model loads and a large disk is full by a share", {}, "healthy", []],
    ["nothing is known", { waiting: { detect: null, analyze: null }, disk: null }, "healthy", []],
    [
      "a detector is down, one of two",
      { services: [...WELL.services, { service: "detector", state: "down" }] },
      "unhealthy",
      ["the detector's server does not answer"],
    ],
    [
      "two models are down",
      { services: [1, 2].map(() => ({ service: "llm", state: "down" }) as const) },
      "degraded",
      ["the language model's server does not answer"],
    ],
    [
      "the broker is down",
      { services: [{ service: "mqtt", state: "down" }] },
      "degraded",
      ["the MQTT broker does not answer"],
    ],
    ["the store fails", { storeFault: "disk I/O error" }, "unhealthy", ["the store fails: disk I/O error"]],
    [
      "the store was replaced",
      { storeReplaced: true },
      "degraded",
      ["the database was damaged, and a new one has begun"],
    ],
    ["there are dead letters", { dead: 2 }, "degraded", ["dead letters: 2"]],
    ["messages were left open", { open: 3 }, "degraded", ["messages left open: 3"]],
    [
      "both queues are long",
      { waiting: { detect: 101, analyze: 51 } },
      "degraded",
      ["more than 100 jobs wait for detection", "more than 50 jobs wait for analysis"],
    ],
    [
      "the disk fills up",
      { disk: { free_mib: 20_000, used_percent: 80 } },
      "degraded",
      ["the data folder's disk fills up"],
    ],
    [
      "the disk is almost full",
      { disk: { free_mib: 2_000, used_percent: 90 } },
      "unhealthy",
      ["the data folder's disk is almost full"],
    ],
    ["a small disk has room", { disk: { free_mib: 2_000, used_percent: 79 } }, "healthy", []],
    ["Home Assistant is away", { homeAssistant: "unreachable" }, "degraded", ["Home Assistant does not answer"]],
    [
      "Home Assistant wants another token",
      { homeAssistant: "refused" },
      "degraded",
      ["Home Assistant refuses the token"],
    ],
    ["another site has its name", { namesake: "nas" }, "degraded", ["another Vigil, on nas, uses this site's id"]],
    ["cameras are silent", { silent: ["porch", "yard"] }, "degraded", ["porch is silent", "yard is silent"]],
    ["retention has failed", { retention: "failed" }, "degraded", ["retention has failed"]],
    [
      "retention did not make enough room",
      { retention: "short" },
      "degraded",
      ["retention may delete no more, and there is too little room"],
    ],
    ["too much alarms", { shares: "too many events are high" }, "degraded", ["too many events are high"]],
    ["a view is covered", { views: ["porch sees nothing"] }, "degraded", ["porch sees nothing"]],
    ["a card is too hot", { gpus: [{ name: "RTX 3060", fault: "too hot" }] }, "degraded", ["RTX 3060: too hot"]],
  ];
  for (const [what, facts, health, texts] of cases) {
    it(`is ${health} where ${what}`, () => {
      const causes = causesOf({ ...WELL, ...facts });
      deepEqual(
        causes.map(({ text }) => text),
        texts,
      );
      equal(healthOf(causes), health);
    });
  }

  it("names the worst cause first", () => {
    const causes = causesOf({ ...WELL, dead: 1, silent: ["porch"], storeFault: "gone" });
    deepEqual(
      causes.map(({ part, health }) => [part, health]),
      [
        ["store", "unhealthy"],
        ["node", "degraded"],
        ["camera", "degraded"],
      ],
    );
  });
});
