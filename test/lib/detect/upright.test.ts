import assert from "node:assert/strict";
import sharp from "sharp";
import { fromStored } from "../../../lib/detect/upright.ts";

const WIDTH = 64;
const HEIGHT = 40;
const white = { x: 8, y: 4, width: 12, height: 6 };

/** A black picture with a white box, stored like this whatever its orientation. */
async function picture(orientation: number): Promise<Buffer> {
  const base = { create: { width: WIDTH, height: HEIGHT, channels: 3 as const, background: "#000" } };
  const box = { create: { width: white.width, height: white.height, channels: 3 as const, background: "#fff" } };
  const input = await sharp(box).png().toBuffer();
  return sharp(base)
    .composite([{ input, left: white.x, top: white.y }])
    .withMetadata({ orientation })
    .png()
    .toBuffer();
}

describe("fromStored", () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`puts a box where it is seen in a picture of orientation ${orientation}`, async () => {
      const bytes = await picture(orientation);
      const { frame, boxes } = await fromStored([{ label: "white", confidence: 1, ...white }], bytes);
      const { data, info } = await sharp(bytes).autoOrient().greyscale().raw().toBuffer({ resolveWithObject: true });
      const lit = [...data.keys()]
        .filter((at) => data[at] === 255)
        .map((at) => [at % info.width, (at / info.width) | 0]);
      const [x, y] = [0, 1].map((axis) => Math.min(...lit.map((place) => place[axis] ?? 0)));
      const [right, bottom] = [0, 1].map((axis) => Math.max(...lit.map((place) => place[axis] ?? 0)) + 1);
      assert.equal(lit.length, white.width * white.height);
      assert.deepEqual(frame, { width: info.width, height: info.height });
      const [box] = boxes;
      assert.ok(box);
      assert.deepEqual([box.x, box.y, box.x + box.width, box.y + box.height], [x, y, right, bottom]);
    });
  }

  it("knows a picture without an orientation for upright", async () => {
    const bytes = await sharp(await picture(1))
      .png()
      .toBuffer();
    const { frame, boxes } = await fromStored([{ label: "white", confidence: 1, ...white }], bytes);
    assert.deepEqual(
      { frame, boxes },
      { frame: { width: WIDTH, height: HEIGHT }, boxes: [{ label: "white", confidence: 1, ...white }] },
    );
  });
});
