import assert from "node:assert/strict";
import sharp from "sharp";
import { drawModelPicture } from "../../../lib/media/model-picture.ts";
import { ORIENTATIONS, storedAs } from "./support.ts";

const plain = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: "teal" } });
/** What no encoder can make small. */
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 200 } },
  })
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();

describe("drawModelPicture", () => {
  const sizes: [picture: [number, number], side: number, drawn: [number, number]][] = [
    [[1920, 1080], 1280, [1280, 720]],
    [[1080, 1920], 1280, [720, 1280]],
    [[1920, 1080], 224, [224, 126]],
    [[640, 360], 1280, [640, 360]],
    [[3000, 1], 1280, [1280, 1]],
  ];
  for (const [[width, height], side, drawn] of sizes) {
    it(`brings ${width} x ${height} to ${drawn.join(" x ")} for a longest side of ${side}`, async () => {
      const jpeg = await drawModelPicture(await plain(width, height).jpeg().toBuffer(), side);
      const { format, ...meta } = await sharp(jpeg.bytes).metadata();
      assert.deepEqual([format, meta.width, meta.height], ["jpeg", ...drawn]);
      assert.deepEqual([jpeg.width, jpeg.height], drawn);
    });
  }

  for (const orientation of ORIENTATIONS) {
    it(`turns a picture of EXIF orientation ${orientation} upright, once`, async () => {
      const stored = await storedAs(orientation, await plain(640, 360).png().toBuffer());
      const { bytes, width, height } = await drawModelPicture(stored, 320);
      assert.deepEqual([width, height], [320, 180]);
      assert.equal((await sharp(bytes).metadata()).orientation, undefined);
    });
  }

  it("is a JPEG of a PNG too, on black where that is transparent", async () => {
    const clear = sharp({
      create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    });
    const { bytes } = await drawModelPicture(await clear.png().toBuffer(), 64);
    const { channels } = await sharp(bytes).stats();
    assert.deepEqual(
      channels.map(({ max }) => max),
      [0, 0, 0],
    );
  });

  it("stays below 1 MB for noise, at a lower quality or size", async () => {
    const { bytes, width } = await drawModelPicture(await noise(2048, 2048), 2048);
    assert.ok(bytes.length < 1_000_000, `${bytes.length} bytes`);
    assert.ok(width >= 512, `${width} pixels`);
  });

  it("refuses what is no picture", async () => {
    await assert.rejects(drawModelPicture(Buffer.from("GIF89a"), 1280), { code: "NOT_AN_IMAGE" });
  });
});
