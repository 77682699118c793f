/** The trial is only worth something if it finds bugs: each of these, planted into a copy of the sources. */
import assert from "node:assert/strict";
import { cpus } from "node:os";
import { Limit } from "../../lib/media/limit.ts";
import { PLANTED_BUGS } from "./planted.ts";
import type { SoakResult } from "./soak.ts";
import { tryQuickly } from "./try-planted.ts";

describe("the soak", function () {
  this.timeout(600_000);
  const results = new Map<string, Promise<SoakResult>>();

  before(() => {
    const atOnce = new Limit(cpus().length);
    for (const bug of PLANTED_BUGS) {
      const result = atOnce.run(() => tryQuickly(bug, 1));
      // Its own test tells of an error.
      result.catch(() => {});
      results.set(bug.name, result);
    }
  });

  for (const { name } of PLANTED_BUGS) {
    it(`finds that ${name}`, async () => {
      const result = await results.get(name);
      assert.ok(result && result.findings.length > 0, `not found in ${result?.kills} kills`);
    });
  }
});
