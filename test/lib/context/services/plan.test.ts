/** The plan of calls: never more than there is time for, the most telling first, the same for the same. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Candidate, planCalls } from "../../../../lib/context/services/plan.ts";
import { type ModelEntry, REGISTRY, type ThingGroup } from "../../../../lib/context/services/registry.ts";
import { SERVICE_NAMES, TASKS } from "../../../../lib/context/services/service.ts";

const GROUPS = ["person", "vehicle", "animal", "other"] as const satisfies readonly ThingGroup[];

const things = fc.array(
  fc.record({ group: fc.constantFrom(...GROUPS), worth: fc.double({ min: 0.01, max: 4, noNaN: true }) }),
  { maxLength: 12 },
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const entries = fc.uniqueArray(
  fc.record({
    task: fc.constantFrom(...TASKS),
    service: fc.constantFrom(...SERVICE_NAMES),
    tells: fc.record({ person: share, vehicle: share, animal: share, other: share }, { requiredKeys: [] }),
    costMs: fc.integer({ min: 1, max: 2_000 }),
    memoryMb: fc.option(fc.integer({ min: 1, max: 8_000 })),
  }),
  { selector: ({ task, service }) => `${task} ${service}`, maxLength: 8 },
);
const budget = fc.integer({ min: 0, max: 20_000 });

const tellingOf = (thing: Candidate, entry: ModelEntry) => thing.worth * (entry.tells[thing.group] ?? 0);
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

describe("planCalls", () => {
  it("gives no service more than there is time for, and leaves out no call that would have come next", () => {
    fc.assert(
      fc.property(things, entries, budget, (candidates, models, budgetMs) => {
        const { calls, leftOut } = planCalls(candidates, models, budgetMs);
        for (const service of SERVICE_NAMES) {
          const spent = sum(calls.filter(({ entry }) => entry.service === service).map(({ entry }) => entry.costMs));
          assert.ok(spent <= budgetMs, `${service} has ${spent} of ${budgetMs} ms`);
          const costs = models.filter((each) => each.service === service).map(({ costMs }) => costMs);
          if (leftOut.has(service)) assert.ok(spent + Math.max(...costs) > budgetMs, `${service} has time left`);
        }
      }),
    );
  });

  it("has every call that tells something, once: planned or counted as left out", () => {
    fc.assert(
      fc.property(things, entries, budget, (candidates, models, budgetMs) => {
        const { calls, leftOut } = planCalls(candidates, models, budgetMs);
        const all = candidates.flatMap((thing) => models.filter((entry) => tellingOf(thing, entry) > 0)).length;
        assert.equal(calls.length + sum([...leftOut.values()]), all);
        assert.equal(
          new Set(calls.map(({ thing, entry }) => `${candidates.indexOf(thing)} ${models.indexOf(entry)}`)).size,
          calls.length,
        );
      }),
    );
  });

  it("puts the most telling first, and prefers nothing less telling", () => {
    fc.assert(
      fc.property(things, entries, budget, (candidates, models, budgetMs) => {
        const { calls } = planCalls(candidates, models, budgetMs);
        const telling = calls.map(({ thing, entry }) => tellingOf(thing, entry));
        assert.deepEqual(
          telling,
          telling.toSorted((a, b) => b - a),
        );
        const planned = new Set(
          calls.map(({ thing, entry }) => `${candidates.indexOf(thing)} ${models.indexOf(entry)}`),
        );
        for (const [n, thing] of candidates.entries()) {
          for (const [m, entry] of models.entries()) {
            if (planned.has(`${n} ${m}`) || tellingOf(thing, entry) === 0) continue;
            const least = Math.min(
              ...calls
                .filter((call) => call.entry.service === entry.service)
                .map((call) => tellingOf(call.thing, call.entry)),
            );
            assert.ok(tellingOf(thing, entry) <= least, "something more telling was left out");
          }
        }
      }),
    );
  });

  it("asks only the models that it is given, about groups that they serve", () => {
    fc.assert(
      fc.property(things, entries, budget, (candidates, models, budgetMs) => {
        for (const { thing, entry } of planCalls(candidates, models, budgetMs).calls) {
          assert.ok(models.includes(entry) && (entry.tells[thing.group] ?? 0) > 0);
        }
      }),
    );
  });

  it("is the same for the same, whatever the order of the models", () => {
    fc.assert(
      fc.property(things, entries, budget, (candidates, models, budgetMs) => {
        const order = (plan: ReturnType<typeof planCalls>) =>
          plan.calls.map(({ thing, entry }) => tellingOf(thing, entry));
        const plan = planCalls(candidates, models, budgetMs);
        assert.deepEqual(planCalls(candidates, models, budgetMs), plan);
        if (plan.leftOut.size === 0)
          assert.deepEqual(order(planCalls(candidates, models.toReversed(), budgetMs)), order(plan));
      }),
    );
  });

  it("has for a person at the door and a car what is worth knowing, in that order", () => {
    const candidates: Candidate[] = [
      { group: "vehicle", worth: 1.5 },
      { group: "person", worth: 3 },
    ];
    const { calls, leftOut } = planCalls(candidates, REGISTRY, 700);
    assert.deepEqual(
      calls.map(({ thing, entry }) => `${thing.group}: ${entry.task}`),
      ["person: look", "person: caption", "vehicle: plate", "person: writing", "vehicle: look"],
    );
    assert.deepEqual([...leftOut], [["florence", 2]]);
  });
});
