import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { keyFrames } from "../../../lib/analyze/key-frames.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { detection, upload } from "./fixtures.ts";

const LABELS = ["person", "car", "dog", "motion"];
const LATER = "2026-11-20T13:30:05.000Z";

const names = (uploads: Upload[], detections: Detection[], most = 4) =>
  keyFrames({ uploads, detections }, most).map((frame) => frame.upload.upload_id);

describe("keyFrames", () => {
  it("are the best for each label, of each upload one", () => {
    const uploads = [upload("up_1"), upload("up_2"), upload("up_3")];
    const detections = [
      detection({ upload_id: "up_1", confidence: 0.6 }),
      detection({ upload_id: "up_2", label: "car" }),
      detection({ upload_id: "up_3", confidence: 0.8 }),
      detection({ upload_id: "up_3", label: "dog" }),
    ];
    deepEqual(names(uploads, detections), ["up_3", "up_2"]);
    deepEqual(names(uploads, detections, 1), ["up_3"]);
  });

  it("are the earliest of equally good ones, then the one with the lowest id", () => {
    const [early, late] = [{ upload_id: "up_9" }, { upload_id: "up_1", captured_at: LATER }];
    const same = { upload_id: "up_5", captured_at: LATER };
    const uploads = [upload("up_1"), upload("up_5"), upload("up_9")];
    deepEqual(names(uploads, [detection(late), detection(early)], 1), ["up_9"]);
    deepEqual(names(uploads, [detection(same), detection(late)], 1), ["up_1"]);
  });

  it("have what was seen in a clip's best frame only", () => {
    const clip = upload("up_1", { media_type: "video" });
    const best = detection({ detection_id: "de_2", offset_ms: 2000, confidence: 0.95 });
    const [frame] = keyFrames({ uploads: [clip], detections: [detection(), best] }, 4);
    deepEqual(frame, { upload: clip, detections: [best] });
  });

  it("are none of an upload that the batch does not have", () => deepEqual(names([], [detection()]), []));

  it("are the same in whatever order a batch lists what it has, and bounded", () => {
    const seen = fc.record({
      upload: fc.nat(5),
      label: fc.constantFrom(...LABELS),
      confidence: fc.constantFrom(0.4, 0.6, 0.9),
      at: fc.nat(3),
      x: fc.constantFrom(0, 100, 480),
    });
    const shuffled = fc.array(seen, { maxLength: 30 }).chain((all) =>
      fc.tuple(
        fc.constant(all.map((each, n) => [n, each] as const)),
        fc.shuffledSubarray(
          all.map((each, n) => [n, each] as const),
          { minLength: all.length },
        ),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }),
        fc.nat(4),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([one, other, order, most]) => {
        const detections = (all: typeof one) =>
          all.map(([n, { upload: file, at, ...rest }]) =>
            detection({ ...rest, detection_id: `de_${n}`, upload_id: `up_${file}`, offset_ms: at * 1000 }),
          );
        const uploads = order.map((file) => upload(`up_${file}`, { media_type: file % 2 === 0 ? "image" : "video" }));
        const chosen = keyFrames({ uploads, detections: detections(one) }, most);
        const again = keyFrames({ uploads: uploads.toReversed(), detections: detections(other) }, most);
        deepEqual(again, chosen);

        const files = chosen.map((frame) => frame.upload.upload_id);
        equal(new Set(files).size, files.length);
        ok(files.length <= most);
        for (const frame of chosen) {
          ok(frame.detections.length > 0);
          ok(
            frame.detections.every(({ upload_id, offset_ms }) => {
              return upload_id === frame.upload.upload_id && offset_ms === frame.detections[0]?.offset_ms;
            }),
          );
        }
        // With fewer to choose, the same ones go first.
        deepEqual(
          keyFrames({ uploads, detections: detections(one) }, Math.max(0, most - 1)),
          chosen.slice(0, Math.max(0, most - 1)),
        );
      }),
      { numRuns: 300 },
    );
  });
});
