import assert from "node:assert/strict";
import sharp from "sharp";
import type { Box, Sighting } from "../../../lib/detect/detector.ts";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { pictureFrame } from "../../../lib/media/picture.ts";
import { MediaError } from "../../../lib/resilience/errors.ts";
import { randomFrom } from "./random.ts";

const WIDTH = 640;
const HEIGHT = 360;

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Scene {
  /** Dark things in the picture. */
  boxes?: Rectangle[];
  /** Standard deviation of the noise, in grey levels. */
  noise?: number;
  /** Factor on all pixels, as another exposure has it. */
  gain?: number;
  /** The ground's brightness at a place. */
  ground?: (x: number, y: number) => number;
  width?: number;
  height?: number;
}

/** What a picture comes with. */
const FILE = { frame: { width: WIDTH, height: HEIGHT }, fileName: "a.jpg", cameraId: "yard" };

const PERSON = { x: 240, y: 120, width: 60, height: 140 };
const ELSEWHERE = { ...PERSON, x: 440 };

/** A yard with a pattern, from dark on the left to bright on the right. */
const yard = (x: number, y: number) => 90 + (80 * x) / WIDTH + 15 * Math.sin(x / 9) * Math.cos(y / 7);

describe("MotionDetector", () => {
  let detector: MotionDetector;
  let random: () => number;

  beforeEach(() => {
    detector = new MotionDetector();
    random = randomFrom(1);
  });

  function picture(scene: Scene = {}): Promise<Buffer> {
    const { boxes = [], noise = 4, gain = 1, ground = yard, width = WIDTH, height = HEIGHT } = scene;
    const pixels = new Uint8ClampedArray(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inBox = boxes.some((b) => x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height);
        // The sum of three uniform numbers from -1 to 1 has a standard deviation of 1 and is near enough to normal.
        const grain = random() * 2 + random() * 2 + random() * 2 - 3;
        pixels[y * width + x] = (inBox ? 40 : ground(x, y)) * gain + grain * noise;
      }
    }
    return sharp(pixels, { raw: { width, height, channels: 1 } })
      .jpeg({ quality: 85 })
      .toBuffer();
  }

  async function look(bytes: Buffer, cameraId = "yard"): Promise<Sighting> {
    const frame = await pictureFrame(bytes);
    return detector.detect({ bytes, frame, fileName: "a.jpg", cameraId }, new AbortController().signal);
  }

  async function boxesIn(scene: Scene = {}, cameraId?: string): Promise<readonly Box[]> {
    return (await look(await picture(scene), cameraId)).boxes;
  }

  it("takes a camera's first picture as its background", async () => {
    const { frame, boxes, inferenceMs } = await look(await picture({ boxes: [PERSON] }));
    assert.deepEqual({ frame, boxes }, { frame: { width: WIDTH, height: HEIGHT }, boxes: [] });
    assert.ok(inferenceMs !== null && inferenceMs > 0);
  });

  it("finds what came in, where it is", async () => {
    await boxesIn();
    assertSame(await boxesIn({ boxes: [PERSON] }), [PERSON]);
    assertSame(await boxesIn({ boxes: [ELSEWHERE] }), [ELSEWHERE], "and where it went, without leaving a ghost");
    assertSame(await boxesIn({ boxes: [PERSON, ELSEWHERE] }), [PERSON, ELSEWHERE]);
  });

  it("labels it motion, with a confidence of 0.5 or more that grows with the contrast", async () => {
    await boxesIn({ ground: () => 100 });
    const [clear] = await boxesIn({ ground: () => 100, boxes: [PERSON] });
    detector.reset();
    await boxesIn({ ground: () => 62 });
    const [faint] = await boxesIn({ ground: () => 62, boxes: [PERSON] });
    assert.ok(clear && faint);
    assert.equal(clear.label, "motion");
    assert.ok(clear.confidence > 0.9 && clear.confidence <= 1, `clear: ${clear.confidence}`);
    assert.ok(faint.confidence >= 0.5 && faint.confidence < 0.8, `faint: ${faint.confidence}`);
  });

  it("takes what is close together for one thing", async () => {
    const legs = [
      { x: 240, y: 120, width: 30, height: 140 },
      { x: 280, y: 120, width: 30, height: 140 },
    ];
    await boxesIn();
    assertSame(await boxesIn({ boxes: legs }), [{ x: 240, y: 120, width: 70, height: 140 }]);
  });

  const still: [what: string, scenes: Scene[]][] = [
    ["noise", Array.from({ length: 5 }, () => ({ noise: 4 }))],
    ["the noise of a night", Array.from({ length: 5 }, () => ({ noise: 40 }))],
    ["15 % more light", [{}, { gain: 1.15 }]],
    ["15 % less light", [{}, { gain: 0.85 }]],
    ["an exposure that hunts", [{}, { gain: 1.3 }, { gain: 0.7 }, { gain: 1.15 }, { gain: 0.5 }, {}]],
    ["an exposure that changes under a burnt-out sky", [true, false, true].map(burntOutSky)],
    ["a bird too small to matter", [{}, { boxes: [{ x: 300, y: 100, width: 12, height: 12 }] }]],
    ["another scene altogether", [{}, { ground: stripes }]],
    ["the shadow of a cloud", [{}, { ground: shaded }, { ground: shaded }, {}]],
    ["the light of a lamp on the ground", [{}, { ground: lit }, {}]],
    ["a camera that shakes", [0, 3, -3, 3].map((right) => ({ ground: (x, y) => tiles(x + right, y) }))],
    ["a lamp that is switched off", [{}, { gain: 0.1 }]],
    ["a covered lens", [{}, { ground: () => 2 }, { ground: () => 2 }]],
  ];
  for (const [what, scenes] of still) {
    it(`does not take ${what} for motion`, async () => {
      for (const scene of scenes) assert.deepEqual(await boxesIn(scene), []);
    });
  }

  it("finds what came in while the light changed", async () => {
    await boxesIn();
    for (const gain of [1.15, 0.85, 1.4]) {
      assertSame(await boxesIn({ boxes: [PERSON], gain }), [PERSON], `at ${gain}`);
    }
  });

  it("finds what came in with the shadow of a cloud", async () => {
    await boxesIn();
    assertSame(await boxesIn({ boxes: [PERSON], ground: shaded }), [PERSON]);
  });

  it("finds what came in before something with a pattern", async () => {
    await boxesIn({ ground: tiles });
    assertSame(await boxesIn({ boxes: [PERSON], ground: tiles }), [PERSON]);
  });

  it("starts over from another scene", async () => {
    const onWhite = { x: 240, y: 0, width: 50, height: 30 };
    await boxesIn();
    await boxesIn({ ground: stripes });
    assertSame(await boxesIn({ ground: stripes, boxes: [onWhite] }), [onWhite]);
  });

  it("lets what stays fade into the background, and sees it go", async () => {
    const small = { width: 160, height: 90 };
    const parked = { x: 60, y: 30, width: 40, height: 30 };
    await boxesIn(small);
    const parkedBytes = await picture({ ...small, boxes: [parked] });
    const seen: boolean[] = [];
    for (let i = 0; i < 80; i++) seen.push((await look(parkedBytes)).boxes.length > 0);
    const faded = seen.indexOf(false);
    assert.ok(faded > 20, `seen for ${faded} pictures`);
    assert.ok(
      seen.slice(faded).every((moving) => !moving),
      "once faded in, it stays so",
    );
    assertSame(await boxesIn(small), [parked]);
    assert.deepEqual(await boxesIn(small), [], "once");
  });

  it("sees no ghost of what was there in the first picture, nor of what came for a while", async () => {
    await boxesIn({ boxes: [PERSON] });
    assertSame(await boxesIn({ boxes: [ELSEWHERE] }), [ELSEWHERE]);
    for (let i = 0; i < 15; i++) assertSame(await boxesIn({ boxes: [ELSEWHERE] }), [ELSEWHERE]);
    assert.deepEqual(await boxesIn(), []);
  });

  it("keeps cameras apart", async () => {
    const inside = () => 200;
    await boxesIn({}, "yard");
    await boxesIn({ ground: inside }, "hall");
    assert.deepEqual(await boxesIn({}, "yard"), []);
    assertSame(await boxesIn({ ground: inside, boxes: [PERSON] }, "hall"), [PERSON]);
    assert.deepEqual(await boxesIn({}, "yard"), []);
  });

  it("takes the first picture of another size as a new background", async () => {
    await boxesIn();
    assert.deepEqual(await boxesIn({ width: 320, height: 180, boxes: [{ x: 100, y: 50, width: 60, height: 90 }] }), []);
  });

  it("keeps a background for each size, as a camera's stills and clips come in turn", async () => {
    const clip = { width: 320, height: 180 };
    await boxesIn();
    await boxesIn(clip);
    assertSame(await boxesIn({ boxes: [PERSON] }), [PERSON]);
    assert.equal((await boxesIn({ ...clip, boxes: [{ x: 100, y: 50, width: 60, height: 90 }] })).length, 1);
  });

  it("forgets on reset", async () => {
    await boxesIn();
    detector.reset();
    assert.deepEqual(await boxesIn({ boxes: [PERSON] }), []);
  });

  it("remembers 256 backgrounds, and forgets the one not heard of for longest", async () => {
    const small = { width: 64, height: 36 };
    const person = { x: 20, y: 10, width: 20, height: 20 };
    const empty = await picture(small);
    for (let i = 0; i < 256; i++) await look(empty, `camera_${i}`);
    await look(empty, "camera_0");
    await look(empty, "one_more");
    assertSame(await boxesIn({ ...small, boxes: [person] }, "camera_0"), [person]);
    assert.deepEqual(await boxesIn({ ...small, boxes: [person] }, "camera_1"), []);
  });

  it("measures in the upright picture", async () => {
    const upright = (bytes: Buffer) => sharp(bytes).withMetadata({ orientation: 6 }).toBuffer();
    await look(await upright(await picture()));
    const { frame, boxes } = await look(await upright(await picture({ boxes: [PERSON] })));
    assert.deepEqual(frame, { width: HEIGHT, height: WIDTH });
    // Turned clockwise: the left edge is the top, the bottom edge is the left.
    assertSame(boxes, [{ x: HEIGHT - 260, y: 240, width: 140, height: 60 }]);
  });

  it("hands on what it has decoded, upright and no larger than a thumbnail", async () => {
    const bytes = await sharp(await picture({ boxes: [PERSON] }))
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { preview } = await look(bytes);
    assert.deepEqual([preview?.width, preview?.height, preview?.rgb.length], [135, 240, 135 * 240 * 3]);
    const small = { width: 200, height: 100 };
    const { preview: same } = await look(await picture(small));
    assert.deepEqual({ ...same, rgb: null }, { ...small, rgb: null });
  });

  it("reads transparent PNGs", async () => {
    const png = (bytes: Buffer) => sharp(bytes).ensureAlpha(0.5).png().toBuffer();
    await look(await png(await picture()));
    assertSame((await look(await png(await picture({ boxes: [PERSON] })))).boxes, [PERSON]);
  });

  it("refuses bytes that are no picture, or half of one", async () => {
    const whole = await picture();
    for (const bytes of [Buffer.alloc(0), Buffer.from("no picture"), whole.subarray(0, whole.length / 2)]) {
      await assert.rejects(
        detector.detect({ ...FILE, bytes }, new AbortController().signal),
        (error) => error instanceof MediaError && error.code === "UNREADABLE_IMAGE" && !error.retryable,
      );
    }
  });

  it("stops when it is told to, and learns nothing from that picture", async () => {
    const controller = new AbortController();
    const reason = new Error("the node is closing");
    const empty = { ...FILE, bytes: await picture() };
    const pending = detector.detect(empty, controller.signal);
    controller.abort(reason);
    await assert.rejects(pending, (error) => error === reason);
    await assert.rejects(detector.detect(empty, controller.signal), (error) => error === reason);
    assert.deepEqual(await boxesIn({ boxes: [PERSON] }), []);
  });
});

/** Slanting stripes; the top left corner of each repetition of 240 pixels is white. */
function stripes(x: number, y: number): number {
  return (x + 2 * y) % 240 < 120 ? 230 : 20;
}

/** Slabs with bright joints. */
function tiles(x: number, y: number): number {
  return (x + 3000) % 48 < 8 || y % 48 < 8 ? 180 : 110;
}

/** The yard with the left half in shadow, whose edge is a fifth of the picture wide. */
function shaded(x: number, y: number): number {
  const inSun = Math.min(Math.max((x - WIDTH / 2) / (WIDTH / 5) + 0.5, 0), 1);
  return yard(x, y) * (0.6 + 0.4 * inSun * inSun * (3 - 2 * inSun));
}

/** The yard with a pool of light in its middle. */
function lit(x: number, y: number): number {
  const distance = Math.hypot(x - WIDTH / 2, y - HEIGHT / 2) / WIDTH;
  return yard(x, y) * (1 + 0.5 * Math.exp(-(distance ** 2) / (2 * 0.1 ** 2)));
}

/** A sky that is white in every picture, over ground that gets darker. */
function burntOutSky(bright: boolean): Scene {
  return { noise: 2, ground: (x, y) => (y < 120 ? 400 : yard(x, y) * (bright ? 1 : 0.75)) };
}

/** Each expected rectangle is one box, at most two pixels of the small picture off on each side; nothing else is. */
function assertSame(boxes: readonly Box[], expected: readonly Rectangle[], message = ""): void {
  const found = boxes.map(({ x, y, width, height }) => ({ x, y, width, height })).sort((a, b) => a.x - b.x);
  const said = `${message} ${JSON.stringify(found)} for ${JSON.stringify(expected)}`;
  assert.equal(found.length, expected.length, said);
  for (const [i, box] of expected.entries()) {
    const { x, y, width, height } = found[i] ?? assert.fail(said);
    const off = [x - box.x, y - box.y, x + width - box.x - box.width, y + height - box.y - box.height];
    assert.ok(
      off.every((pixels) => Math.abs(pixels) <= (2 * WIDTH) / 160),
      said,
    );
  }
}
