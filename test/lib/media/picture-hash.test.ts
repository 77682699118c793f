import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { hashDistance } from "../../../lib/domain/likeness.ts";
import { pictureHash } from "../../../lib/media/picture-hash.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { ORIENTATIONS, storedAs } from "./support.ts";

/** What the help recommends: up to here a picture counts as the same. */
const LIMIT = 4;
const FOOTAGE = join(import.meta.dirname, "../../../../shared/media/car-detection.mp4");

const SIZE = { width: 1280, height: 720 };

/** A yard with a house, a hedge and a path, seen by a noisy camera; `personAt`: somebody stands there, in pixels. */
async function yard(personAt: number | null = null): Promise<Buffer> {
  const person =
    personAt === null
      ? ""
      : `<circle cx="${personAt}" cy="330" r="28" fill="#c09070"/>
         <rect x="${personAt - 45}" y="358" width="90" height="130" fill="#203050"/>
         <rect x="${personAt - 35}" y="488" width="70" height="120" fill="#181818"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}">
    <rect width="1280" height="300" fill="#9db7cf"/><rect y="300" width="1280" height="420" fill="#6c8a5a"/>
    <rect x="60" y="120" width="330" height="260" fill="#b9a48c"/><rect x="130" y="190" width="80" height="70" fill="#39424c"/>
    <path d="M520 720 L640 300 L720 300 L900 720 Z" fill="#a39a8e"/><rect x="880" y="240" width="400" height="110" fill="#35502f"/>
    ${person}</svg>`;
  const grain = await sharp({
    create: { ...SIZE, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 12 } },
  })
    .png()
    .toBuffer();
  return sharp(Buffer.from(svg))
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function distance(one: Buffer, other: Buffer): Promise<number> {
  return hashDistance(await pictureHash(one), await pictureHash(other));
}

describe("pictureHash", () => {
  let empty: Buffer;
  let visited: Buffer;
  before(async () => {
    [empty, visited] = await Promise.all([yard(), yard(500)]);
  });
  after(removeTempFolders);

  it("is 16 hexadecimal digits, the same for the same picture", async () => {
    assert.match(await pictureHash(empty), /^[0-9a-f]{16}$/);
    assert.equal(await pictureHash(empty), await pictureHash(Buffer.from(empty)));
    const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: "grey" } })
      .png()
      .toBuffer();
    assert.match(await pictureHash(grey), /^[0-9a-f]{16}$/);
  });

  const alike: [what: string, change: (picture: Sharp) => Sharp][] = [
    ["encoded anew, badly", (picture) => picture.jpeg({ quality: 40 })],
    ["as a PNG", (picture) => picture.png()],
    ["a tenth lighter", (picture) => picture.linear(1.1, 0)],
    ["a tenth darker", (picture) => picture.linear(0.9, 0)],
    ["with less contrast", (picture) => picture.linear(0.9, 13)],
    ["at half the size", (picture) => picture.resize(640, 360)],
    ["in grey", (picture) => picture.greyscale()],
    ["blurred", (picture) => picture.blur(2)],
  ];
  for (const [what, change] of alike) {
    it(`is about the same for a picture ${what}`, async () => {
      for (const picture of [empty, visited]) {
        const changed = await change(sharp(picture)).toBuffer();
        const bits = await distance(picture, changed);
        assert.ok(bits <= LIMIT, `${bits} bits`);
      }
    });
  }

  it("is about the same for another picture of the same view, with noise of its own", async () => {
    for (const other of [await yard(), await yard()]) assert.ok((await distance(empty, other)) <= LIMIT);
  });

  it("does not depend on how the camera is mounted", async () => {
    const upright = await sharp(visited).png().toBuffer();
    for (const orientation of ORIENTATIONS) {
      const bits = await distance(upright, await storedAs(orientation, upright));
      assert.ok(bits <= LIMIT, `orientation ${orientation}: ${bits} bits`);
    }
  });

  for (const [what, at] of [
    ["appears", null],
    ["takes a step", 560],
    ["walks on", 700],
  ] as const) {
    it(`is another one when somebody ${what}`, async () => {
      const bits = await distance(visited, await yard(at));
      assert.ok(bits > LIMIT, `${bits} bits`);
    });
  }

  it("tells the pictures of a car park apart in which a car drives, and only these", async function () {
    if (!existsSync(FOOTAGE)) this.skip();
    const folder = tempFolder();
    const args = ["-v", "error", "-i", FOOTAGE, "-vf", "fps=1", "-t", "19", join(folder, "%02d.jpg")];
    if (spawnSync("ffmpeg", args).error) this.skip();
    const stills = readdirSync(folder)
      .toSorted()
      .map((name) => readFileSync(join(folder, name)));
    const steps = await Promise.all(stills.slice(1).map((still, n) => distance(stills[n] ?? still, still)));
    // Seconds 0 to 3 show the empty place, 5 to 8 and 15 to 18 cars that drive through.
    assert.ok(
      steps.slice(0, 3).every((bits) => bits <= LIMIT),
      `empty: ${steps.slice(0, 3)}`,
    );
    for (const driving of [steps.slice(5, 8), steps.slice(14, 17)]) {
      assert.ok(
        driving.every((bits) => bits > 2 * LIMIT),
        `driving: ${driving}`,
      );
    }
  });

  it("refuses what is no picture", async () => {
    await assert.rejects(pictureHash(Buffer.from("text")), { name: "MediaError", code: "NOT_AN_IMAGE" });
    await assert.rejects(pictureHash(empty.subarray(0, empty.length / 2)), { code: "TRUNCATED_IMAGE" });
  });
});

describe("hashDistance", () => {
  const cases: [one: string, other: string, bits: number][] = [
    ["0000000000000000", "0000000000000000", 0],
    ["0000000000000000", "ffffffffffffffff", 64],
    ["8000000000000001", "0000000000000000", 2],
    ["00f0000000000000", "0000000000000000", 4],
    ["a5a5a5a5a5a5a5a5", "5a5a5a5a5a5a5a5a", 64],
  ];
  for (const [one, other, bits] of cases) {
    it(`of ${one} and ${other} is ${bits}`, () => {
      assert.equal(hashDistance(one, other), bits);
      assert.equal(hashDistance(other, one), bits);
    });
  }
});
