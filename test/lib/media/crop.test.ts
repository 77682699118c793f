import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import sharp from "sharp";
import { cropPicture } from "../../../lib/media/crop.ts";
import { MediaError } from "../../../lib/resilience/errors.ts";
import { ORIENTATIONS, storedAs } from "./support.ts";

/** 400 x 200, black, with a red area from 100, 50 to 200, 100. */
async function marked(): Promise<Buffer> {
  const red = await sharp({ create: { width: 100, height: 50, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 400, height: 200, channels: 3, background: "black" } })
    .composite([{ input: red, left: 100, top: 50 }])
    .jpeg({ quality: 95 })
    .toBuffer();
}
const MARK = { left: 0.25, top: 0.25, width: 0.25, height: 0.25 };

describe("cropPicture", () => {
  let picture: Buffer;
  before(async () => {
    picture = await marked();
  });

  it("cuts out the area and a tenth around it", async () => {
    const { format, width, height } = await sharp(await cropPicture(picture, MARK)).metadata();
    deepEqual([format, width, height], ["jpeg", 120, 60]);
  });

  it("finds the area in a picture that is stored turned", async () => {
    for (const orientation of ORIENTATIONS) {
      const crop = await cropPicture(await storedAs(orientation, picture), MARK);
      const { width, height, orientation: left } = await sharp(crop).metadata();
      deepEqual([width, height, left], [120, 60, undefined], `${orientation}`);
      const inner = await sharp(crop).extract({ left: 20, top: 15, width: 80, height: 30 }).png().toBuffer();
      const { channels } = await sharp(inner).stats();
      ok((channels[0]?.min ?? 0) > 200 && (channels[1]?.max ?? 255) < 60, `red as stored ${orientation}`);
    }
  });

  it("makes nothing larger than a model needs, and enlarges nothing", async () => {
    const large = await sharp(picture).resize(4000, 2000).jpeg().toBuffer();
    const whole = { left: 0, top: 0, width: 1, height: 1 };
    const { width, height } = await sharp(await cropPicture(large, whole)).metadata();
    deepEqual([width, height], [768, 384]);
    equal((await sharp(await cropPicture(picture, whole)).metadata()).width, 400);
  });

  it("is a picture for any area of the frame", async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(share, share, share, share, async (left, top, across, down) => {
        const area = {
          left,
          top,
          width: Math.max(across * (1 - left), 1e-9),
          height: Math.max(down * (1 - top), 1e-9),
        };
        const { width, height } = await sharp(await cropPicture(picture, area)).metadata();
        ok(width >= 8 && height >= 8 && width <= 400 && height <= 200, `${width} x ${height}`);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses what is no picture, or not all of one", async () => {
    await rejects(cropPicture(Buffer.from("text"), MARK), MediaError);
    await rejects(cropPicture(picture.subarray(0, picture.length / 2), MARK), MediaError);
  });
});
