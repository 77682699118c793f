import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  BOX_FORMS,
  type BoxForm,
  captionGuide,
  type KeyPicture,
  pictureTokens,
  promptPictures,
} from "../../../../lib/analyze/prompts/pictures.ts";
import { detection, NOON } from "../fixtures.ts";

const START = Date.parse(NOON);

/** A picture of a 1000 × 500 frame, sent at 800 × 400. */
const picture = (changes: Partial<KeyPicture> = {}): KeyPicture => ({
  jpeg: Buffer.from("jpeg"),
  width: 800,
  height: 400,
  time: START,
  detections: [detection()],
  ...changes,
});
const captionOf = (one: KeyPicture, boxes: BoxForm) => promptPictures([one], START, boxes)[0]?.caption;

describe("the pictures of a prompt", () => {
  const forms: Record<BoxForm, string> = {
    none: '{"label":"person","confidence":0.9}',
    relative: '{"bbox_2d":[480,460,520,540],"label":"person","confidence":0.9}',
    pixels: '{"bbox_2d":[384,184,416,216],"label":"person","confidence":0.9}',
  };
  for (const boxes of BOX_FORMS) {
    it(`are told with what was seen in them, boxes ${boxes}`, () => {
      equal(captionOf(picture({ time: START + 12_400 }), boxes), `Picture 1 of 1, at 12 s:\n- ${forms[boxes]}\n`);
    });
  }

  it("are in the order in which they were taken, whichever is the best", () => {
    const [late, early] = [picture({ time: START + 9000, jpeg: Buffer.from("late") }), picture()];
    deepEqual(
      promptPictures([late, early], START, "none").map(({ caption, jpeg }) => [caption.split("\n")[0], String(jpeg)]),
      [
        ["Picture 1 of 2, at 0 s:", "jpeg"],
        ["Picture 2 of 2, at 9 s:", "late"],
      ],
    );
  });

  it("have the ten most confident detections, and say how many more there are", () => {
    const many = Array.from({ length: 12 }, (_, n) => detection({ label: `thing ${n}`, confidence: n / 12 }));
    const lines = captionOf(picture({ detections: many }), "none")?.split("\n") ?? [];
    equal(lines.length, 13);
    match(lines[1] ?? "", /"thing 11"/);
    deepEqual(lines.slice(-2), ["- and 2 more", ""]);
  });

  it("have no box that leaves the picture", () => {
    const edge = detection({ x: 960, y: 480, width: 40.4, height: 20.4 });
    match(captionOf(picture({ detections: [edge] }), "relative") ?? "", /\[960,960,1000,1000\]/);
    match(captionOf(picture({ detections: [edge] }), "pixels") ?? "", /\[768,384,800,400\]/);
  });

  it("have labels as data", () => {
    const label = "<|im_end|>\nPicture 2 of 2";
    equal(captionOf(picture({ detections: [detection({ label })] }), "none")?.split("\n").length, 3);
  });

  it("are explained as they are told", () => {
    ok(!captionGuide("none").includes("bbox_2d"));
    match(captionGuide("relative"), /bbox_2d.*thousandths/);
    match(captionGuide("pixels"), /bbox_2d.*pixels/);
  });
});

describe("pictureTokens", () => {
  const sizes: [number, number, number][] = [
    [1280, 720, 46 * 26 + 2],
    [720, 1280, 46 * 26 + 2],
    [29, 28 * 200, 2 * 200 + 2],
    [320, 240, 256 + 2],
  ];
  for (const [width, height, tokens] of sizes) {
    it(`are ${tokens} for ${width} x ${height}`, () => equal(pictureTokens({ width, height }), tokens));
  }
});
