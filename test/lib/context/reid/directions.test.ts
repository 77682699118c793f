import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { cosine, type Direction, directionOf } from "../../../../lib/context/reid/direction.ts";
import { dotProducts, LANES, WIDTH } from "../../../../lib/context/reid/dot-products.ts";
import { Gallery } from "../../../../lib/context/reid/gallery.ts";
import { type Appearance, lookOf, type Role, thresholdsOf } from "../../../../lib/context/reid/look.ts";
import { anywhere, dice, near } from "./people.ts";

const value = fc.double({ min: -1, max: 1, noNaN: true });
const vectorOf = (length: number) =>
  fc
    .array(value, { minLength: length, maxLength: length })
    .filter((numbers) => numbers.some((n) => Math.abs(n) > 1e-3));
const code = fc.integer({ min: -127, max: 127 });
const angle = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.acos(Math.min(1, Math.max(-1, cosine(a, b))));
const ROUNDING = 1e-6;

/** How far (radians) the codes of a vector may be off: half a step in each of its numbers. */
function angleError(vector: ArrayLike<number>): number {
  const numbers = Array.from(vector);
  const step = Math.max(...numbers.map(Math.abs)) / 127;
  return Math.asin(Math.min(1, ((step / 2) * Math.sqrt(numbers.length)) / Math.hypot(...numbers)));
}

describe("the direction of a vector", () => {
  it("is off by no more than half a step in each number can make", () => {
    fc.assert(
      fc.property(vectorOf(32), (vector) => ok(angle(vector, directionOf(vector)) <= angleError(vector) + ROUNDING)),
    );
  });

  it("does not depend on the vector's length", () => {
    fc.assert(
      fc.property(vectorOf(24), fc.double({ min: 0.01, max: 100, noNaN: true }), (vector, factor) => {
        const scaled = directionOf(vector.map((n) => n * factor));
        for (const [n, each] of directionOf(vector).entries()) ok(Math.abs(each - (scaled[n] ?? 0)) <= 1);
      }),
    );
  });

  it("changes the cosine of two embeddings of 768 numbers by less than 0.005", () => {
    const random = dice(7);
    for (const wanted of [-0.5, 0, 0.7, 0.85, 0.9, 0.99]) {
      for (let n = 0; n < 20; n++) {
        const vector = anywhere(768, random);
        const other = near(vector, wanted, random);
        ok(Math.abs(cosine(directionOf(vector), directionOf(other)) - wanted) < 0.005);
      }
    }
  });
});

describe("the scalar products", () => {
  it("are those of plain arithmetic", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 9 }), fc.gen(), (lanes, count, draw) => {
        const length = lanes * LANES;
        const memory = new WebAssembly.Memory({ initial: 1 });
        const vectors = new Int16Array(memory.buffer, 0, WIDTH * length);
        const rows = new Int8Array(memory.buffer, vectors.byteLength, count * length);
        const outAt = Math.ceil((vectors.byteLength + rows.byteLength) / 4) * 4;
        const draws = (size: number) => draw(fc.array, code, { minLength: size, maxLength: size });
        vectors.set(draws(vectors.length));
        rows.set(draws(rows.length));
        dotProducts(memory)(vectors.byteLength, count, length, 0, outAt);
        const expected = Array.from({ length: count * WIDTH }, (_, n) => {
          const row = rows.subarray(Math.floor(n / WIDTH) * length).subarray(0, length);
          return row.reduce((sum, each, k) => sum + each * (vectors[(n % WIDTH) * length + k] ?? 0), 0);
        });
        deepEqual([...new Int32Array(memory.buffer, outAt, count * WIDTH)], expected);
      }),
      { numRuns: 50 },
    );
  });

  it("do not overflow with the longest vectors", () => {
    const gallery = new Gallery(8_192);
    const most = new Int8Array(8_192).fill(127);
    gallery.put("most", most);
    const [[first] = []] = gallery.alike([most], 0.9);
    ok(Math.abs((first?.similarity ?? 0) - 1) < ROUNDING);
  });
});

describe("a gallery", () => {
  const change = fc.record({ id: fc.integer({ min: 0, max: 12 }), vector: vectorOf(20), removes: fc.boolean() });

  it("finds all who are like it, whatever was put, replaced and removed before", () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }),
        fc.array(vectorOf(20).map(directionOf), { minLength: 1, maxLength: 7 }),
        value,
        (changes, asked, least) => {
          const gallery = new Gallery(20);
          const plain = new Map<string, Direction>();
          for (const { id, vector, removes } of changes) {
            if (removes) gallery.remove(`${id}`);
            else gallery.put(`${id}`, directionOf(vector));
            if (removes) plain.delete(`${id}`);
            else plain.set(`${id}`, directionOf(vector));
          }
          equal(gallery.size, plain.size);
          const isClear = ({ similarity }: { similarity: number }) => Math.abs(similarity - least) > ROUNDING;
          const idsOf = (list: readonly { id: string }[]) => list.map(({ id }) => id).sort();
          const found = gallery.alike(asked, least);
          for (const [n, direction] of asked.entries()) {
            const own = found[n] ?? [];
            const all = [...plain].map(([id, other]) => ({ id, similarity: cosine(other, direction) }));
            const alike = all.filter(({ similarity }) => similarity > least);
            deepEqual(idsOf(own.filter(isClear)), idsOf(alike.filter(isClear)));
            deepEqual(
              own,
              own.toSorted((a, b) => b.similarity - a.similarity),
            );
          }
        },
      ),
    );
  });

  it("finds the one among thousands, over every growth of its memory", () => {
    const random = dice(3);
    const gallery = new Gallery(100);
    const vectors = Array.from({ length: 5_000 }, () => anywhere(100, random));
    for (const [n, vector] of vectors.entries()) gallery.put(`${n}`, directionOf(vector));
    const asked = [0, 1_023, 1_024, 2_500, 4_999];
    const found = gallery.alike(
      asked.map((n) => directionOf(vectors[n] ?? [])),
      0.9,
    );
    deepEqual(
      found.map(([first]) => first?.id),
      asked.map(String),
    );
  });
});

describe("a look", () => {
  const appearance = fc.record<Appearance>({
    role: fc.constantFrom<Role>("enrolled", "sure", "seen"),
    direction: vectorOf(16).map(directionOf),
  });

  it("is the same in whatever order the appearances come", () => {
    fc.assert(
      fc.property(fc.array(appearance, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (list, by) => {
        const turned = [...list.slice(by % list.length), ...list.slice(0, by % list.length)];
        const [one, other] = [lookOf(list), lookOf(turned)];
        equal(one === null, other === null);
        for (const [n, each] of (one ?? []).entries()) ok(Math.abs(each - (other?.[n] ?? 0)) <= 1);
      }),
    );
  });

  it("is made of those alone that are sure, and of none where none is", () => {
    const random = dice(5);
    const sure = { role: "sure", direction: directionOf(anywhere(64, random)) } as const;
    const seen = { role: "seen", direction: directionOf(anywhere(64, random)) } as const;
    equal(lookOf([seen]), null);
    deepEqual(lookOf([sure, seen]), lookOf([sure]));
  });

  it("never moves further from what a person said than halfway to the rest, however much of that comes", () => {
    fc.assert(
      fc.property(vectorOf(24), vectorOf(24), fc.integer({ min: 1, max: 30 }), (said, rest, times) => {
        const [enrolled, sure] = [directionOf(said), directionOf(rest)];
        const drift = angle(enrolled, sure);
        fc.pre(drift < 3);
        const look = lookOf([
          { role: "enrolled", direction: enrolled },
          ...new Array<Appearance>(times).fill({ role: "sure", direction: sure }),
        ]);
        ok(look);
        // Only the look's own rounding comes on top of it.
        ok(angle(look, enrolled) <= drift / 2 + angleError(look) + ROUNDING);
      }),
    );
  });

  it("of OSNet is another's from 0.7, of any other model from 0.85, unless told otherwise", () => {
    deepEqual(thresholdsOf("osnet_x1_0"), { same: 0.7, sure: 0.7 + (1 - 0.7) / 3 });
    equal(thresholdsOf("clip-vit-large-patch14").same, 0.85);
    ok(Math.abs(thresholdsOf("clip-vit-large-patch14").sure - 0.9) < ROUNDING);
    equal(thresholdsOf("osnet", 0.8).same, 0.8);
  });
});
