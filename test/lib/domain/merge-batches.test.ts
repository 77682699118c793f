import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Batch } from "../../../lib/domain/batch.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import { mergeBatches } from "../../../lib/domain/merge-batches.ts";
import { toIso, toMillis } from "../../../lib/domain/time.ts";
import type { Upload } from "../../../lib/domain/upload.ts";

const START = Date.parse("2026-11-20T12:00:00.000Z");
const at = (second: number) => toIso(START + second * 1000);

function upload(id: string, second: number): Upload {
  return {
    upload_id: id,
    camera_id: "porch",
    path: `/ftp/${id}.jpg`,
    media_type: "image",
    size: 1,
    captured_at: at(second),
    received_at: at(second),
    sha256: "0".repeat(64),
  };
}

function detection(id: string, of: Upload, confidence: number, offset_ms = 0): Detection {
  return {
    detection_id: id,
    upload_id: of.upload_id,
    captured_at: of.captured_at,
    offset_ms,
    label: "person",
    confidence,
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    frame_width: 10,
    frame_height: 10,
  };
}

/** One picture per second given, in each one detection. */
function batch(id: string, seconds: readonly number[], changes: Partial<Batch> = {}): Batch {
  const uploads = seconds.map((second) => upload(`up_${id}_${second}`, second));
  return {
    batch_id: id,
    camera_id: "porch",
    started_at: at(Math.min(...seconds)),
    ended_at: at(Math.max(...seconds)),
    close_reason: "idle",
    fast_path: false,
    detections: uploads.map((of) => detection(`de_${of.upload_id}`, of, 0.5)),
    uploads,
    still_path: null,
    thumbnail_path: null,
    ...changes,
  };
}

const withPicture = (id: string, second: number, confidence: number, thumbnail_path: string | null) => {
  const of = upload(`up_${id}`, second);
  return batch(id, [second], { uploads: [of], detections: [detection(`de_${id}`, of, confidence)], thumbnail_path });
};

/** Batches with ids of their own that may share uploads and detections, as those of a user's own flow may. */
const batches = fc.uniqueArray(
  fc
    .record({
      id: fc.integer({ min: 1, max: 99 }),
      seconds: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 5 }),
      shared: fc.boolean(),
      fast_path: fc.boolean(),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      picture: fc.boolean(),
      similar: fc.nat(3),
      context: fc.option(fc.record({ night: fc.boolean(), visits: fc.nat(1) }, { requiredKeys: [] }), {
        nil: undefined,
      }),
    })
    .map(({ id, seconds, shared, fast_path, confidence, picture, similar, context }): Batch => {
      const made = batch(shared ? "shared" : `ba_${id}`, seconds, {
        fast_path,
        thumbnail_path: picture ? `/thumbnails/${id}.jpg` : null,
      });
      const detections = made.detections.map((found) => ({ ...found, confidence }));
      const counted = similar > 0 && { similar_count: similar };
      return { ...made, batch_id: `ba_${id}`, detections, ...counted, ...(context && { context }) };
    }),
  { selector: ({ batch_id }) => batch_id, minLength: 1, maxLength: 6 },
);

function merge([into, ...others]: readonly Batch[]): Batch {
  ok(into);
  return mergeBatches(into, others);
}

describe("mergeBatches", () => {
  it("puts what several batches hold in the order of capture", () => {
    const [early, late] = [batch("ba_1", [0, 20]), batch("ba_2", [10, 30])];
    const merged = mergeBatches(late, [early]);
    deepEqual(
      merged.uploads.map(({ upload_id }) => upload_id),
      ["up_ba_1_0", "up_ba_2_10", "up_ba_1_20", "up_ba_2_30"],
    );
    deepEqual(
      merged.detections.map(({ upload_id }) => upload_id),
      merged.uploads.map(({ upload_id }) => upload_id),
    );
    deepEqual([merged.batch_id, merged.started_at, merged.ended_at], ["ba_2", at(0), at(30)]);
  });

  it("counts the offset into a clip", () => {
    const clip = upload("up_clip", 0);
    const first = batch("ba_1", [0], { uploads: [clip], detections: [detection("de_late", clip, 0.5, 5_000)] });
    const merged = mergeBatches(first, [batch("ba_2", [2])]);
    deepEqual(
      merged.detections.map(({ detection_id }) => detection_id),
      ["de_up_ba_2_2", "de_late"],
    );
  });

  it("counts the similar pictures of all", () => {
    const counts = (...similar: (number | undefined)[]) =>
      merge(similar.map((similar_count, n) => batch(`ba_${n}`, [n], { ...(similar_count && { similar_count }) })));
    equal(counts(2, undefined, 3).similar_count, 5);
    equal("similar_count" in counts(undefined, undefined), false);
  });

  it("keeps why the first closed, and is urgent where one is", () => {
    const urgent = batch("ba_2", [5], { close_reason: "fast_path", fast_path: true });
    const merged = mergeBatches(batch("ba_1", [0]), [urgent]);
    deepEqual([merged.close_reason, merged.fast_path], ["idle", true]);
  });

  const thumbnails: [string, Batch[], string | null][] = [
    ["the most confident", [withPicture("a", 0, 0.4, "/a.jpg"), withPicture("b", 1, 0.9, "/b.jpg")], "/b.jpg"],
    ["one that has a picture", [withPicture("a", 0, 0.4, "/a.jpg"), withPicture("b", 1, 0.9, null)], "/a.jpg"],
    ["the earliest of equals", [withPicture("b", 1, 0.9, "/b.jpg"), withPicture("a", 0, 0.9, "/a.jpg")], "/a.jpg"],
    ["none", [withPicture("a", 0, 0.4, null), withPicture("b", 1, 0.9, null)], null],
  ];
  for (const [what, of, path] of thumbnails) {
    it(`shows ${what}`, () => equal(merge(of).thumbnail_path, path));
  }

  const contexts: [string, Batch["context"][], Batch["context"]][] = [
    [
      "what all say alike",
      [
        { zones: ["porch"], night: true },
        { night: true, zones: ["porch"] },
      ],
      { zones: ["porch"], night: true },
    ],
    [
      "nothing of what differs",
      [
        { zones: ["porch"], night: true },
        { zones: ["yard"], night: true },
      ],
      { night: true },
    ],
    ["nothing that one does not say", [{ night: true }, { zones: [] }], undefined],
    ["nothing where one has none", [{ night: true }, undefined], undefined],
  ];
  for (const [what, given, expected] of contexts) {
    it(`has of the context ${what}`, () => {
      const merged = merge(given.map((context, n) => batch(`ba_${n}`, [n], context && { context })));
      deepEqual(merged.context, expected);
      equal("context" in merged, expected !== undefined);
    });
  }

  it("is a batch again, and so is a merged one merged", () =>
    fc.assert(
      fc.property(batches, batches, (some, more) => {
        const twice = merge([merge(some), ...more]);
        deepEqual(Batch.parse(twice), twice);
        const ids = new Set([...some, ...more].map(({ batch_id }) => batch_id));
        deepEqual(new Set([twice.batch_id, ...(twice.merged ?? [])]), ids);
      }),
    ));

  it("does not depend on the order, but for whose id and close reason it keeps", () => {
    const orders = batches.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(orders, ([one, other]) => {
        const strip = ({ batch_id, close_reason: _, merged = [], ...rest }: Batch) => ({
          ...rest,
          all: [batch_id, ...merged].sort(),
        });
        deepEqual(strip(merge(other)), strip(merge(one)));
      }),
    );
  });

  it("has every detection and upload of any of them once, and nothing else", () =>
    fc.assert(
      fc.property(batches, (all) => {
        const merged = merge(all);
        const detections = all.flatMap((each) => each.detections.map(({ detection_id }) => detection_id));
        const uploads = all.flatMap((each) => each.uploads.map(({ upload_id }) => upload_id));
        deepEqual(merged.detections.map(({ detection_id }) => detection_id).sort(), [...new Set(detections)].sort());
        deepEqual(merged.uploads.map(({ upload_id }) => upload_id).sort(), [...new Set(uploads)].sort());
        const times = merged.uploads.map(({ captured_at }) => toMillis(captured_at));
        deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
        deepEqual([merged.started_at, merged.ended_at], [toIso(Math.min(...times)), toIso(Math.max(...times))]);
      }),
    ));
});
