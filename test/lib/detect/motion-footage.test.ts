/** The motion detector against the labels of real footage, as it is and under every light that a camera meets. */
import assert from "node:assert/strict";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { type Change, cloud, headlights, infrared, light, noise, shift, tone } from "./changes.ts";
import { carPark, encode, footageIsThere, HEIGHT, type Shot, type Still, WIDTH, yard } from "./footage.ts";

const title = "MotionDetector on real footage";

/** Takes turns through a list. */
const turn = <T>(values: readonly [T, ...T[]], n: number): T => values[n % values.length] ?? values[0];
const by = (percent: number): Change => {
  const factors = [1, 1 + percent / 100, 1 - percent / 100] as const;
  return (still, n) => tone(still, (level) => level * turn(factors, n));
};
const shaking =
  (pixels: number): Change =>
  (still, n) =>
    shift(still, pixels * turn([0, 1, -1, 0, 1], n), pixels * turn([0, 0, 1, -1, 1], n));

/** What is done to the stills; a quality other than the usual for the JPEG. */
const CHANGES: Readonly<Record<string, Change>> = {
  "as it is": (still) => still,
  "at JPEG quality 40": (still) => still,
  "with noise at JPEG quality 40": (still) => noise(still, 10),
  "10 % brighter and darker": by(10),
  "20 % brighter and darker": by(20),
  "30 % brighter and darker": by(30),
  "with a gamma of 1.3 and 1/1.3": (still, n) =>
    tone(still, (level) => 255 * (level / 255) ** turn([1, 1.3, 1 / 1.3], n)),
  "one stop up and down": (still, n) => light(still, turn([1, 2, 1 / 2], n)),
  "one stop up for good": (still, n) => light(still, n < 12 ? 1 : 2),
  "one stop down for good": (still, n) => light(still, n < 12 ? 1 : 1 / 2),
  "darker by half over 20 pictures": (still, n) => tone(still, (level) => level * (1 - 0.5 * Math.min(n / 20, 1))),
  "brighter by half over 20 pictures": (still, n) => tone(still, (level) => level * (0.7 + 0.35 * Math.min(n / 20, 1))),
  "when the infrared lamp goes on": (still, n) => (n < 12 ? still : infrared(still)),
  "at dusk": (still) => noise(light(still, 1 / 4), 10),
  "at night": (still) => noise(light(still, 1 / 4), 20),
  "on a mount that shakes by a pixel": shaking(1),
  "on a mount that shakes by two pixels": shaking(2),
  "under a cloud that passes": (still, n) => cloud(still, -0.7 + (1.9 * n) / 30),
  "under clouds that come and go": (still, n) => cloud(still, turn([-0.6, 0, 0.5, 0.25], n)),
  "with headlights on the ground": (still, n) => headlights(still, turn([-1, 0.3, 0.5, 0.7], n), 1),
  "with headlights on the ground at dusk": (still, n) =>
    headlights(light(still, 1 / 4), turn([-1, 0.3, 0.5, 0.7], n), 4),
};

(footageIsThere ? describe : describe.skip)(`${title} (needs ../shared/media and ffmpeg)`, () => {
  let cars: Shot[];
  let people: Shot[];
  let empty: Shot;

  before(function () {
    this.timeout(60_000);
    cars = carPark();
    ({ busy: people, empty } = yard());
  });

  /** The numbers, from 1, of the stills in which something was missed, and of the empty ones in which something was seen. */
  async function judge(shots: readonly Shot[], change: Change = (still) => still, quality = 85) {
    const detector = new MotionDetector();
    const missed: number[] = [];
    const falseAlarms: number[] = [];
    for (const [n, { still, busy }] of shots.entries()) {
      const bytes = await encode(change(still, n), quality);
      const { boxes } = await detector.detect(
        { bytes, frame: { width: WIDTH, height: HEIGHT }, fileName: "a.jpg", cameraId: "a" },
        new AbortController().signal,
      );
      // The first picture is the background.
      if (n === 0) continue;
      if (busy === true && boxes.length === 0) missed.push(n + 1);
      if (busy === false && boxes.length > 0) falseAlarms.push(n + 1);
    }
    return { missed, falseAlarms };
  }

  const none = { missed: [], falseAlarms: [] };

  for (const [name, change] of Object.entries(CHANGES)) {
    it(`sees each car and person, and nothing else, ${name}`, async function () {
      this.timeout(120_000);
      const quality = name.endsWith("40") ? 40 : 85;
      assert.deepEqual(await judge(cars, change, quality), none, "car park");
      const visit = [empty, empty, empty, ...people, empty, empty, empty];
      assert.deepEqual(await judge(visit, change, quality), none, "yard");
    });
  }

  it("sees somebody an eighth of the picture's height tall, with a bicycle", async () => {
    // The upper right corner of the stills, in the empty scene. In the first one the head is out of view.
    const alone = people.slice(1).map(({ still }) => ({ still: corner(empty.still, still), busy: true }));
    assert.deepEqual(await judge([empty, ...alone, empty]), none);
  });

  const departures: [what: string, shots: () => Shot[]][] = [
    ["a car that was there in the first picture", () => cars.slice(5)],
    ["two cars that were there in the first picture", () => cars.slice(16)],
    ["all that was there in the first picture", () => [...people, empty, empty, empty]],
    ["a car that stood for 20 pictures", () => repeat(6, 20)],
  ];
  for (const [what, shots] of departures) {
    it(`sees no ghost of ${what} and left`, async function () {
      this.timeout(120_000);
      assert.deepEqual(await judge(shots()), none);
    });
  }

  function corner(rest: Still, from: Still): Still {
    return rest.map((level, at) => {
      const pixel = Math.floor(at / 3);
      return pixel % WIDTH >= 280 && pixel < 75 * WIDTH ? (from[at] ?? 0) : level;
    });
  }

  /** The car park, with one still many times. */
  function repeat(at: number, times: number): Shot[] {
    return cars.flatMap((shot, i) => Array.from({ length: i === at ? times : 1 }, () => shot));
  }
});
