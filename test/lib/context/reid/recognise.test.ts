import { deepEqual, ok } from "node:assert/strict";
import { directionOf } from "../../../../lib/context/reid/direction.ts";
import { Gallery } from "../../../../lib/context/reid/gallery.ts";
import { thresholdsOf } from "../../../../lib/context/reid/look.ts";
import { recognise, type Subject } from "../../../../lib/context/reid/recognise.ts";
import { personAt } from "../scenes.ts";
import { dice, near, people } from "./people.ts";

const { same } = thresholdsOf("clip");

/** Somebody, seen at these seconds. */
function subjectOf(vector: ArrayLike<number>, ...seconds: readonly number[]): Subject {
  return { direction: directionOf(vector), detections: seconds.map((second) => personAt(0.5, 0.5, second)) };
}

describe("recognising", () => {
  const random = dice(11);
  const [anna = [], ben = [], stranger = [], twin = []] = people(4, 128, 0.6, random);
  const gallery = new Gallery(128);
  gallery.put("anna", directionOf(anna));
  gallery.put("ben", directionOf(ben));
  const ask = (subjects: readonly Subject[]) => {
    const known = gallery.alike(
      subjects.map(({ direction }) => direction),
      same,
    );
    return recognise(subjects, known, same);
  };

  it("finds known ones, and makes one of what is new and alike", () => {
    const found = ask([
      subjectOf(near(ben, 0.95, random), 0, 1),
      subjectOf(stranger, 0, 1),
      subjectOf(near(anna, 0.9, random), 5),
      subjectOf(near(stranger, 0.92, random), 8),
    ]);
    deepEqual(
      found.map((each) => each && [each.id, each.like, each.similarity.toFixed(2)]),
      [
        ["ben", 0, "0.95"],
        [null, 1, "1.00"],
        ["anna", 2, "0.90"],
        [null, 1, "0.92"],
      ],
    );
  });

  it("takes nobody for one who stands beside, and does not make somebody new of it either", () => {
    const idsOf = (...seconds: [number, number][]) =>
      ask([
        subjectOf(near(anna, 0.88, random), ...(seconds[0] ?? [])),
        subjectOf(near(anna, 0.97, random), ...(seconds[1] ?? [])),
      ]).map((each) => each?.id);
    deepEqual(idsOf([1, 2], [2, 3]), [undefined, "anna"]);
    deepEqual(idsOf([1, 2], [3, 4]), ["anna", "anna"]);
  });

  it("does not make one of two new ones in one picture", () => {
    const found = ask([
      subjectOf(twin, 1),
      subjectOf(near(twin, 0.99, random), 1),
      subjectOf(near(twin, 0.99, random), 2),
    ]);
    deepEqual(
      found.map((each) => each?.like),
      [0, undefined, 0],
    );
  });

  // Embeddings of one person lie around that person's mean; those of different people are as far apart as a model's are.
  for (const { model, length, apart, spread } of [
    { model: "clip-vit-l-14", length: 768, apart: 0.6, spread: 0.95 },
    { model: "osnet_x1_0", length: 512, apart: 0.3, spread: 0.88 },
  ]) {
    it(`by ${model} knows 200 people again, and 200 strangers as such`, () => {
      const dies = dice(length);
      const thresholds = thresholdsOf(model);
      const everybody = people(400, length, apart, dies);
      const album = new Gallery(length);
      for (const [n, person] of everybody.slice(0, 200).entries()) {
        album.put(`${n}`, directionOf(near(person, 0.98, dies)));
      }
      const answers = everybody.map((person) => {
        const subject = subjectOf(near(person, spread, dies), 0);
        const [found] = recognise([subject], album.alike([subject.direction], thresholds.same), thresholds.same);
        return found?.id ?? null;
      });
      const right = answers.filter((id, n) => id === `${n}`).length;
      const named = answers.filter((id) => id !== null).length;
      ok(right / named >= 0.999, `precision ${right / named}`);
      ok(right / 200 >= 0.99, `recall ${right / 200}`);
    });
  }
});
