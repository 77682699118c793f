/** The short form of `npm run soak`: nothing is lost and nothing doubled, however Node-RED ends. */
import assert from "node:assert/strict";
import { root } from "../package/manifest.ts";
import { describe as list } from "./findings.ts";
import { Disturbance } from "./plan.ts";
import { soak } from "./soak.ts";

const KILLS = 30;

describe("Node-RED, killed at any moment", function () {
  this.timeout(240_000);

  it(`loses nothing and doubles nothing over ${KILLS} kills, outages, deploys and power cuts`, async () => {
    const { kills, stills, findings } = await soak({
      kills: KILLS,
      seed: 3,
      sources: root,
      disturbances: Disturbance.options,
      aim: null,
      stopEarly: false,
    });
    assert.equal(list(findings), "");
    assert.equal(kills, KILLS);
    assert.ok(stills > KILLS, `${stills} stills are too few to prove anything`);
  });
});
