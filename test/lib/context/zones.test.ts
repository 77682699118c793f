import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { type Stay, staysOf } from "../../../lib/context/stay.ts";
import { timeOf, tracksOf } from "../../../lib/context/tracks.ts";
import { isIn, STAY_GAP_MS, zoneReports } from "../../../lib/context/zones.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import { Zone } from "../../../lib/domain/zone.ts";
import { detectionOf, personAt, START, zoneOf } from "./scenes.ts";

const nobody = () => null;
const activities = (
  detections: readonly Detection[],
  zones = [zoneOf()],
  before: Parameters<typeof zoneReports>[2] = nobody,
) => zoneReports(detections, zones, before).map(({ activity }) => activity);

describe("a zone", () => {
  it("is refused where its edges cross or it has too few corners", () => {
    const corners = (points: [number, number][]) => () => zoneOf({ points });
    throws(
      corners([
        [0, 0],
        [1, 1],
      ]),
      /3 corners/,
    );
    throws(
      corners([
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ]),
      /edges that do not cross/,
    );
    throws(
      corners([
        [0, 0],
        [1.1, 0],
        [1, 1],
      ]),
    );
    equal(Zone.safeParse({ ...zoneOf(), zone_id: "the drive" }).success, false);
  });

  it("takes a detection by where it stands, by its middle or by its share", () => {
    // It stands in the zone, with its middle and a third of its area in it.
    const low = zoneOf({
      points: [
        [0, 0.55],
        [1, 0.55],
        [1, 1],
        [0, 1],
      ],
    });
    const person = detectionOf({ y: 400, height: 220 });
    equal(isIn(person, low), true);
    equal(isIn(person, { ...low, anchor: "center" }), false);
    equal(isIn(person, { ...low, anchor: "overlap", min_overlap: 0.3 }), true);
    equal(isIn(person, { ...low, anchor: "overlap", min_overlap: 0.4 }), false);
  });

  it("holds the same detections whatever the size of the frame", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.9, noNaN: true }), fc.integer({ min: 100, max: 4000 }), (left, width) => {
        const at = (frame: number) =>
          detectionOf({
            x: left * frame,
            width: 0.1 * frame,
            frame_width: frame,
            y: 0,
            height: frame,
            frame_height: frame,
          });
        fc.pre(Math.abs(left + 0.05 - 0.5) > 1e-6);
        equal(isIn(at(width), zoneOf()), isIn(at(1920), zoneOf()));
      }),
    );
  });
});

describe("the activity in zones", () => {
  it("counts what was in them, those of higher priority first, without those where nothing was", () => {
    const everywhere = zoneOf({
      zone_id: "all",
      priority: 5,
      points: [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    });
    const off = { ...everywhere, zone_id: "off", enabled: false };
    const empty = zoneOf({
      zone_id: "empty",
      points: [
        [0, 0],
        [0.1, 0],
        [0.1, 0.1],
      ],
    });
    const seen = [personAt(0.7, 0.9, 0), personAt(0.2, 0.9, 0), personAt(0.8, 0.9, 0, { label: "car" })];
    deepEqual(
      activities(seen, [zoneOf(), off, empty, everywhere]).map(({ zone_id, seen }) => [zone_id, seen]),
      [
        ["all", { person: 2, car: 1 }],
        ["drive", { person: 1, car: 1 }],
      ],
    );
  });

  const ways: [string, [number, number][], string[]][] = [
    [
      "who came in",
      [
        [0.4, 0.9],
        [0.46, 0.9],
        [0.52, 0.9],
      ],
      ["person entered"],
    ],
    [
      "who went out",
      [
        [0.56, 0.9],
        [0.52, 0.9],
        [0.46, 0.9],
      ],
      ["person left"],
    ],
    [
      "who came in and went out",
      [
        [0.46, 0.9],
        [0.52, 0.9],
        [0.46, 0.9],
      ],
      ["person left"],
    ],
    [
      "who draws near",
      [
        [0.3, 0.9],
        [0.36, 0.9],
        [0.42, 0.9],
      ],
      ["person approaching"],
    ],
    [
      "who stays",
      [
        [0.7, 0.9],
        [0.71, 0.9],
      ],
      [],
    ],
  ];
  for (const [what, way, movements] of ways) {
    it(`tells ${what}`, () => {
      const [activity] = activities(way.map(([x, y], second) => personAt(x, y, second)));
      deepEqual(activity?.movements ?? [], movements);
    });
  }

  it("tells who passed through between two pictures", () => {
    const line = zoneOf({
      points: [
        [0.49, 0],
        [0.51, 0],
        [0.51, 1],
        [0.49, 1],
      ],
    });
    const wide = { width: 300 };
    deepEqual(
      activities([personAt(0.3, 0.9, 0, wide), personAt(0.45, 0.9, 1, wide)], [line]).map((each) => each.movements),
      [["person passed through"]],
    );
  });

  it("adds up a stay over batches, and begins anew after a gap", () => {
    const stays = new Map<string, Stay>();
    const stayAt = (seconds: number[]) => {
      const people = seconds.map((second) => personAt(0.7, 0.9, second));
      const [report] = zoneReports(
        people,
        [zoneOf({ loiter_after_s: 90 })],
        (zone, kind) => stays.get(zone + kind) ?? null,
      );
      for (const [kind, stay] of report?.stays ?? []) stays.set(`drive${kind}`, stay);
      return [report?.activity.stay_s, report?.activity.loitering];
    };
    deepEqual(stayAt([0, 10]), [10, false]);
    deepEqual(stayAt([60, 100]), [100, true]);
    deepEqual(stayAt([60, 100]), [100, true]);
    deepEqual(stayAt([100 + STAY_GAP_MS / 1000 + 1]), [0, false]);
  });
});

describe("stays", () => {
  it("cover every time, lie apart by more than the gap, and do not depend on the order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (times, gap) => {
        const stays = staysOf(times, null, gap);
        for (const time of times) equal(stays.filter(({ since, until }) => since <= time && time <= until).length, 1);
        for (const [index, { since }] of stays.entries())
          equal(since - (stays[index - 1]?.until ?? -gap - 1) > gap, true);
        deepEqual(staysOf(times.toReversed(), null, gap), stays);
      }),
    );
  });

  it("go on from the one before, once", () => {
    const before = { since: 0, until: 50 };
    deepEqual(staysOf([60, 70], before, 20), [{ since: 0, until: 70 }]);
    deepEqual(staysOf([60, 70], { since: 0, until: 70 }, 20), [{ since: 0, until: 70 }]);
    deepEqual(staysOf([90], before, 20), [{ since: 90, until: 90 }]);
    deepEqual(staysOf([], before, 20), []);
  });
});

describe("tracks", () => {
  it("hold every detection once, each in the order of time, whatever comes", () => {
    const detection = fc
      .record({
        x: fc.integer({ min: 0, max: 900 }),
        label: fc.constantFrom("person", "car", "truck", "dog"),
        offset_ms: fc.nat(20_000),
      })
      .map((changes) => detectionOf(changes));
    fc.assert(
      fc.property(fc.array(detection, { maxLength: 30 }), (detections) => {
        const tracks = tracksOf(detections);
        const ids = tracks.flat().map(({ detection_id }) => detection_id);
        deepEqual(ids.toSorted(), detections.map(({ detection_id }) => detection_id).toSorted());
        for (const track of tracks) {
          for (const [index, each] of track.entries()) {
            const before = track[index - 1];
            if (before) equal(timeOf(before) < timeOf(each), true);
          }
        }
      }),
    );
  });

  it("tell two people apart, and keep a car that is called a truck for once", () => {
    const tracks = tracksOf([
      personAt(0.2, 0.5, 0),
      personAt(0.8, 0.5, 0),
      personAt(0.82, 0.5, 1),
      personAt(0.22, 0.5, 1),
      personAt(0.5, 0.9, 0, { label: "car" }),
      personAt(0.5, 0.9, 1, { label: "truck" }),
    ]);
    deepEqual(
      tracks.map((track) => track.map(({ x, label }) => [x, label])),
      [
        [
          [150, "person"],
          [170, "person"],
        ],
        [
          [750, "person"],
          [770, "person"],
        ],
        [
          [450, "car"],
          [450, "truck"],
        ],
      ],
    );
    equal(START, timeOf(tracks[0]?.[0] ?? personAt(0, 0, 9)));
  });

  it("end where nothing was seen for too long", () => {
    equal(tracksOf([personAt(0.2, 0.5, 0), personAt(0.2, 0.5, 11)]).length, 2);
    equal(tracksOf([personAt(0.2, 0.5, 0), personAt(0.2, 0.5, 10)]).length, 1);
  });
});
