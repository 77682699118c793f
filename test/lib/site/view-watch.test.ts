/** The watch on views, over time, on real footage: what it notices, what it does not, and what it remembers. */
import { deepEqual, equal, ok } from "node:assert/strict";
import sharp from "sharp";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { toDetections } from "../../../lib/detect/normalise.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { decodeSmall, toGrey } from "../../../lib/media/small-picture.ts";
import { SiteBus } from "../../../lib/site/bus.ts";
import { ViewWatch } from "../../../lib/site/view-watch.ts";
import { Store } from "../../../lib/store/store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { noFilters } from "../../support/filters.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { cloud, headlights, infrared, light, noise, shift, tone } from "../detect/changes.ts";
import { carPark, encode, footageIsThere, HEIGHT, type Shot, type Still, WIDTH, yard } from "../detect/footage.ts";
import { uploadOf } from "../store/support.ts";

const CAMERA = "cam";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Change = (still: Still, n: number) => Still | Promise<Still>;

/** A camera whose pictures are watched. */
class Watched {
  readonly clock: FakeClock;
  readonly lines: string[] = [];
  readonly watch: ViewWatch;
  readonly store: Store;
  readonly #detector = new MotionDetector();
  #sent = 0;

  constructor(dataDir: string | null = null, clock = new FakeClock()) {
    this.clock = clock;
    this.store = Store.open(dataDir, { clock });
    const note = (line: string) => this.lines.push(line);
    const logger = { debug: () => {}, info: note, warn: note, error: note };
    this.watch = new ViewWatch({ store: this.store, clock, bus: new SiteBus(logger), logger });
    this.watch.start();
  }

  get state() {
    return this.watch.stateOf(CAMERA);
  }

  /** Sends a still, so much later than the one before, with what the motion detector finds in it. */
  async send(still: Still, later = MINUTE_MS): Promise<void> {
    this.clock.advance(later);
    this.#sent++;
    const bytes = await encode(still, 75);
    const frame = { width: WIDTH, height: HEIGHT };
    const picture = { bytes, frame, fileName: "a.jpg", cameraId: CAMERA };
    const sighting = await this.#detector.detect(picture, new AbortController().signal);
    const preview = await decodeSmall(bytes);
    const grey = await toGrey(preview);
    const captured_at = toIso(this.clock.now());
    const sha256 = `${this.#sent}`;
    const upload = uploadOf(`up_${this.#sent}`, { camera_id: CAMERA, captured_at, sha256 });
    const detections = toDetections(sighting, {
      filters: noFilters,
      cameraId: CAMERA,
      uploadId: upload.upload_id,
      inspectionId: upload.upload_id,
      capturedAt: captured_at,
    });
    this.store.transaction((tables) => this.watch.see(tables, upload, { preview, grey, detections }));
  }

  /** The states after each of the stills, changed. */
  async sendAll(shots: readonly Shot[], change: Change = (still) => still, later = MINUTE_MS) {
    const states: (string | null)[] = [];
    for (const [n, { still }] of shots.entries()) {
      await this.send(await change(still, n), later);
      states.push(this.state);
    }
    return states;
  }
}

const turn = <T>(values: readonly [T, ...T[]], n: number): T => values[n % values.length] ?? values[0];
const raw = (still: Still) => sharp(still, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
const blur = async (still: Still, sigma: number): Promise<Still> =>
  new Uint8Array(await raw(still).blur(sigma).raw().toBuffer());
const turned = async (still: Still, degrees: number): Promise<Still> => {
  const whole = await raw(still).rotate(degrees).png().toBuffer();
  const middle = sharp(whole).extract({ left: 20, top: 20, width: WIDTH - 40, height: HEIGHT - 40 });
  return new Uint8Array(await middle.resize(WIDTH, HEIGHT, { fit: "fill" }).removeAlpha().raw().toBuffer());
};
/** As a camera that has switched to black and white stores it. */
const colourless = (still: Still): Still => still.map((_, at) => still[at - (at % 3)] ?? 0);
/** Covers so much of the picture, from its left. */
const covered = (still: Still, share: number, level: number): Still =>
  still.map((own, at) => (Math.floor(at / 3) % WIDTH < share * WIDTH ? level : own));

const black = () => noise(new Uint8Array(WIDTH * HEIGHT * 3), 2);

const HARMLESS: Readonly<Record<string, Change>> = {
  "as it is": (still) => still,
  "with noise": (still) => noise(still, 10),
  "30 % brighter and darker": (still, n) => tone(still, (level) => level * turn([1, 1.3, 0.7], n)),
  "one stop up and down": (still, n) => light(still, turn([1, 2, 1 / 2], n)),
  "two stops down for good": (still) => light(still, 1 / 4),
  "in fog": (still) => tone(still, (level) => 0.35 * level + 120),
  "in the rain": (still, n) =>
    noise(
      tone(still, (level) => 0.8 * level + 25),
      turn([8, 14], n),
    ),
  "under the infrared lamp": (still) => colourless(infrared(still)),
  "at night": (still) => noise(light(still, 1 / 4), 20),
  "on a mount that shakes": (still, n) => shift(still, turn([0, 2, -2], n), turn([1, 0, -1], n)),
  "under clouds that come and go": (still, n) => cloud(still, turn([-0.6, 0, 0.5, 0.25], n)),
  "with headlights on the ground": (still, n) => headlights(still, turn([-1, 0.3, 0.5, 0.7], n), 1),
  "with headlights on the ground at dusk": (still, n) =>
    headlights(light(still, 1 / 4), turn([-1, 0.3, 0.5, 0.7], n), 4),
};

const HARM: readonly [what: string, state: string, change: Change][] = [
  [
    "painted over",
    "blocked",
    (still) =>
      noise(
        tone(still, () => 150),
        3,
      ),
  ],
  [
    "behind a hand",
    "blocked",
    async (still) =>
      noise(
        await blur(
          tone(still, (level) => 0.15 * level + 60),
          40,
        ),
        3,
      ),
  ],
  ["shifted by 16 of 480 pixels", "moved", (still) => shift(still, 16, 8)],
  ["shifted by 48 of 480 pixels", "moved", (still) => shift(still, 48, 20)],
  ["turned to another part of the scene", "moved", (still) => shift(still, 200, 60)],
  ["turned by 3 degrees", "moved", (still) => turned(still, 3)],
  ["turned by 10 degrees", "moved", (still) => turned(still, 10)],
  ["out of focus by 14 of 480 pixels", "defocused", (still) => blur(still, 14)],
];

(footageIsThere ? describe : describe.skip)(
  "ViewWatch on real footage (needs ../shared/media and ffmpeg)",
  function () {
    this.timeout(120_000);
    let places: Readonly<Record<string, Shot[]>>;

    before(() => {
      const { busy, empty } = yard();
      const visit = [empty, ...busy, empty, empty];
      places = { "car park": carPark(), yard: [...visit, ...visit, ...visit] };
    });
    after(removeTempFolders);

    for (const place of ["car park", "yard"]) {
      describe(place, () => {
        const shots = () => places[place] ?? [];
        /** One that knows its view. */
        const watched = async (...of: ConstructorParameters<typeof Watched>) => {
          const camera = new Watched(...of);
          equal(camera.state, null);
          await camera.sendAll(shots().slice(0, 8));
          equal(camera.state, "ok");
          return camera;
        };

        for (const [what, change] of Object.entries(HARMLESS)) {
          it(`is well ${what}`, async () => {
            const camera = await watched();
            const states = await camera.sendAll(shots(), change);
            deepEqual([...new Set(states)], ["ok"]);
            deepEqual(camera.lines, []);
          });
        }

        for (const [what, state, change] of HARM) {
          it(`is ${state} when ${what}, and well again afterwards`, async () => {
            const camera = await watched();
            const states = await camera.sendAll(shots().slice(0, 10), change);
            deepEqual([...new Set(states)], ["ok", state]);
            equal(camera.state, state);
            camera.clock.advance(MINUTE_MS);
            ok(camera.lines.length === 1, camera.lines.join());
            await camera.sendAll(shots().slice(0, 4));
            equal(camera.state, "ok");
          });
        }

        it("is blocked when it goes black by day, at once, and then sends no more", async () => {
          const camera = await watched();
          noise(
            tone(shots()[0]?.still ?? new Uint8Array(), () => 2),
            2,
          );
          for (let n = 0; n < 3; n++) await camera.send(black(), 10_000);
          equal(camera.state, "ok");
          deepEqual(camera.watch.oddityOf(CAMERA)?.view, "blocked");
          deepEqual(camera.watch.oddityOf(CAMERA)?.lasting, false);
          camera.clock.advance(6 * MINUTE_MS);
          equal(camera.state, "blocked");
          deepEqual(camera.lines, [`${CAMERA} shows next to nothing: its view is blocked`]);
        });

        it("is well by day, by night, and by day again, for a week", async () => {
          const camera = await watched();
          const states = new Set<string | null>();
          for (let day = 0; day < 7; day++) {
            for (const change of [(still: Still) => colourless(infrared(still)), (still: Still) => noise(still, 2)]) {
              for (const state of await camera.sendAll(shots().slice(0, 4), change, HOUR_MS)) states.add(state);
            }
          }
          deepEqual([...states], ["ok"]);
          // And sees that the lens is taped over at night.
          for (const { still } of shots().slice(0, 4)) await camera.send(colourless(infrared(still)), HOUR_MS);
          for (let n = 0; n < 4; n++) await camera.send(black(), 2 * MINUTE_MS);
          equal(camera.state, "blocked");
        });

        it("says nothing of a night in which nothing is to be seen", async () => {
          const camera = await watched();
          await camera.send(shots()[0]?.still ?? new Uint8Array(), HOUR_MS);
          const states = [];
          for (let n = 0; n < 6; n++) {
            await camera.send(black(), HOUR_MS);
            states.push(camera.state);
          }
          deepEqual([...new Set(states)], ["ok"]);
        });

        it("follows a slow drift over weeks", async () => {
          const camera = await watched();
          const states = new Set<string | null>();
          const [first, ...rest] = shots();
          ok(first);
          // In the end it is as far off as what counts as moved at once.
          for (let day = 0; day <= 32; day++) {
            for (const { still } of rest.slice(0, 3)) {
              await camera.send(shift(still, Math.round(day / 2), Math.round(day / 4)), 8 * HOUR_MS);
              states.add(camera.state);
            }
          }
          deepEqual([...states], ["ok"]);
        });

        it("does not mind somebody right in front of the lens for a while, nor two pictures of a lorry", async () => {
          const camera = await watched();
          const [shot] = shots();
          ok(shot);
          for (let n = 0; n < 20; n++) await camera.send(covered(shot.still, 0.9, 40 + n), 10_000);
          equal(camera.state, "ok");
          await camera.send(shot.still, 10_000);
          for (let n = 0; n < 2; n++) await camera.send(covered(shot.still, 0.8, 180), 10_000);
          camera.clock.advance(HOUR_MS);
          equal(camera.state, "ok");
          deepEqual(camera.lines, []);
        });

        it("gives up a first picture with a lorry in it", async () => {
          const camera = new Watched();
          const [shot] = shots();
          ok(shot);
          await camera.send(covered(shot.still, 0.9, 200));
          await camera.sendAll(shots());
          equal(camera.state, "ok");
          deepEqual(camera.lines, []);
        });

        it("remembers its view and what is wrong with it over a restart, and says it once", async () => {
          const folder = tempFolder();
          const before = await watched(folder);
          await before.sendAll(shots().slice(0, 2), (still) => shift(still, 48, 20));
          before.store.close();
          const after = new Watched(folder, new FakeClock(before.clock.now()));
          await after.sendAll(shots().slice(2, 8), (still) => shift(still, 48, 20));
          equal(after.state, "moved");
          after.clock.advance(MINUTE_MS);
          equal(after.lines.length, 1);
          after.store.close();
          const again = new Watched(folder, new FakeClock(after.clock.now()));
          again.clock.advance(HOUR_MS);
          equal(again.state, "moved");
          deepEqual(again.lines, []);
          again.store.close();
        });

        it("takes a new view once that has been accepted", async () => {
          const camera = await watched();
          const elsewhere: Change = (still) => shift(still, 48, 20);
          await camera.sendAll(shots().slice(0, 8), elsewhere);
          equal(camera.state, "moved");
          camera.watch.accept(CAMERA);
          equal(camera.state, null);
          await camera.sendAll(shots().slice(0, 12), elsewhere);
          equal(camera.state, "ok");
        });

        it("notices a picture that stays the same but for its clock", async () => {
          const camera = await watched();
          const [shot] = shots();
          ok(shot);
          const states = [];
          for (let n = 0; n < 8; n++) {
            const dated = shot.still.map((level, at) =>
              at < 16 * WIDTH * 3 && (Math.floor(at / 3) % WIDTH) % (n + 3) < 2 ? 255 : level,
            );
            await camera.send(dated, 2 * MINUTE_MS);
            states.push(camera.state);
          }
          deepEqual([...new Set(states)], ["ok", "frozen"]);
          await camera.send(noise(shot.still, 2));
          equal(camera.state, "ok");
        });
      });
    }

    it("takes no old pictures, nor the same one twice", async () => {
      const camera = new Watched();
      const [shot] = places["car park"] ?? [];
      ok(shot);
      await camera.send(shot.still);
      const { last_at } = camera.store.views.watchOf(CAMERA) ?? { last_at: "" };
      const preview = await decodeSmall(await encode(shot.still, 75));
      const picture = { preview, grey: await toGrey(preview), detections: [] };
      const see = (captured_at: string) =>
        camera.store.transaction((tables) =>
          camera.watch.see(tables, uploadOf("up_x", { camera_id: CAMERA, captured_at }), picture),
        );
      see(last_at);
      see(toIso(camera.clock.now() - DAY_MS));
      equal(camera.store.views.watchOf(CAMERA)?.last_at, last_at);
      camera.clock.advance(MINUTE_MS);
      see(toIso(camera.clock.now()));
      equal(camera.store.views.watchOf(CAMERA)?.repeats, 1);
    });
  },
);

describe("ViewWatch", () => {
  it("wants a burst of each camera whole, fewer of what goes on, and nothing of the backlog", () => {
    const { watch, clock, store } = new Watched();
    const wanted = (camera_id: string, count: number, captured_at = toIso(clock.now())) => {
      const uploads = Array.from({ length: count }, (_, n) => uploadOf(`up_${n}`, { camera_id, captured_at }));
      return uploads.filter((upload) => watch.wants(upload)).length;
    };
    equal(wanted("porch", 50), 10);
    equal(wanted("yard", 10), 10);
    clock.advance(MINUTE_MS);
    equal(wanted("porch", 50), 10);
    clock.advance(6_000);
    equal(wanted("porch", 50), 1);
    equal(wanted("shed", 5, toIso(clock.now() - DAY_MS)), 0);
    store.close();
  });
});
