/** Times in the names that cameras and recorders give to their files. */
import { basename, sep } from "node:path";
import { Temporal } from "temporal-polyfill";

/** A camera's own wall time, or an instant where the name has an offset, a `Z` or seconds since 1970. */
export type NameTime =
  | { readonly kind: "wall"; readonly wall: Temporal.PlainDateTime }
  | { readonly kind: "instant"; readonly epochMs: number };

interface Shape {
  /** A folder may carry the date. */
  readonly of: "name" | "path";
  /**
   * Its groups are `year`, `month`, `day`, `hour`, `minute`, `second`, `fraction`, `half` (am or pm) and `offset`; or
   * `epoch`, in seconds. Where a clip has a beginning and an end, the first is meant.
   */
  readonly pattern: RegExp;
}

/** Every shape was seen in files of the device, its manual or its makers' code; the first that fits counts. */
const SHAPES: readonly Shape[] = [
  // INSTAR and others with the same system: 20260911/images000/A26091112310000.jpg,
  // 20260911/record000/A260911_123100_123114.mp4. First, because their digits may be another time in the shapes below.
  {
    of: "path",
    pattern:
      /(?<![^/])\d{8}\/(?:images|record)\d{3}\/[A-Z](?<year>\d\d)(?<month>\d\d)(?<day>\d\d)_?(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)(?:\d\d|_\d{6})\.[^/]*$/g,
  },
  // Foscam, by FTP: MDAlarm_20260911-123100.jpg, HMDAlarm_20260911-123100.jpg, MDalarm_20260911_123100.mkv
  // Reolink, by FTP: Porch_00_20260911123100.jpg; on its card: RecM02_DST20260911_123100_123130_0_800_033C82_61B6F0.mp4
  // Hikvision, and Annke as its OEM, by FTP: 192.168.1.64_01_20260911123100123_MOTION_DETECTION.jpg
  // Dahua recorders, exported: NVR_ch1_main_20260911123100_20260911123130.mp4
  // Eufy: 20260911123100_c00.jpg. Blue Iris: Garage.20260911_123100123.jpg. Motion: 01-20260911123100-00.jpg
  // Vivotek: video_20260911123100_1_pre.jpg. LevelOne: video-20260911-123100.jpg. ABUS: video@20260911_123100.jpg
  {
    of: "name",
    pattern:
      /(?<!\d)(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)[-_T]?(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)(?<fraction>\d{3})?(?<offset>Z(?![a-z]))?(?!\d)/gi,
  },
  // Blink: 2026-09-11T12_31_00+00_00.mp4, Porch_2026-09-11T12_31_00-0800.mp4
  {
    of: "name",
    pattern:
      /(?<!\d)(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d)[-_.:](?<minute>\d\d)[-_.:](?<second>\d\d)(?:\.(?<fraction>\d{3,6}))?(?<offset>Z|[+-](?:0\d|1[0-4])[_:]?(?:00|15|30|45))(?!\d)/g,
  },
  // UniFi Protect, by unifi-protect-backup: 2026-09-11T12-31-00 person.mp4. ACTi: Entrance-2026-09-11@123100.jpg
  // MediaMTX: 2026-09-11_12-31-00-123456.mp4. GeoVision, by FTP: MOTION_2026-09-11-12-31-00-123_001.jpg
  {
    of: "name",
    pattern:
      /(?<!\d)(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[-_@T](?<hour>\d\d)[-_.:]?(?<minute>\d\d)[-_.:]?(?<second>\d\d)(?:[-.](?<fraction>\d{3}|\d{6}))?(?!\d)/g,
  },
  // Axis, by FTP or to a share: image26-09-11_12-31-00-12.jpg
  {
    of: "name",
    pattern:
      /image(?<year>\d\d)-(?<month>\d\d)-(?<day>\d\d)_(?<hour>\d\d)-(?<minute>\d\d)-(?<second>\d\d)-(?<fraction>\d\d)(?!\d)/g,
  },
  // UniFi Protect, exported: Front Door - 9-11-2026, 12.31.00pm.mp4
  {
    of: "name",
    pattern:
      /(?<!\d)(?<month>\d\d?)-(?<day>\d\d?)-(?<year>\d{4}), (?<hour>\d\d?)\.(?<minute>\d\d)\.(?<second>\d\d)(?<half>[ap]m)?/gi,
  },
  // Dahua and Amcrest, by FTP: 2026-09-11/001/jpg/12/31/00[M][0@0][0].jpg, 2026-09-11/001/jpg/12/31.00[M][0@0][0].jpg
  {
    of: "path",
    pattern:
      /(?<![^/])(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)\/[^/]+\/jpg\/(?<hour>\d\d)\/(?<minute>\d\d)[/.](?<second>\d\d)\[[^/]*$/g,
  },
  // The same: 2026-09-11/001/jpg/12/12.31.00[M][0@0][0].jpg, 2026-09-11/001/dav/12/12.31.00-12.31.30[M][0@0][0].mp4
  {
    of: "path",
    pattern:
      /(?<![^/])(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)\/[^/]+\/(?:jpg|dav)\/(?:\w+\/)*(?<hour>\d\d)\.(?<minute>\d\d)\.(?<second>\d\d)(?:-\d\d\.\d\d\.\d\d)?\[[^/]*$/g,
  },
  // motionEye: 2026-09-11/12-31-00.jpg
  {
    of: "path",
    pattern:
      /(?<![^/])(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)\/(?<hour>\d\d)-(?<minute>\d\d)-(?<second>\d\d)(?!\d)[^/]*$/g,
  },
  // Wyze and Atom, on the card, a clip a minute: record/20260911/12/31.mp4
  {
    of: "path",
    pattern: /(?<![^/])(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)\/(?<hour>\d\d)\/(?<minute>\d\d)\.mp4$/g,
  },
  // Yi, on the card or by FTP; E1 says why, 60 how long: 2026Y09M11D12H/31M00S60.mp4, 2026Y09M11D12H/E131M00S60.mp4
  {
    of: "path",
    pattern:
      /(?<![^/])(?<year>\d{4})Y(?<month>\d\d)M(?<day>\d\d)D(?<hour>\d\d)H\/(?:E\d)?(?<minute>\d\d)M(?<second>\d\d)S\d*\.[^/]*$/g,
  },
  // Xiaomi, on a NAS: 2026091112/31M00S_1789129860.mp4
  { of: "name", pattern: /\d\dM\d\dS_(?<epoch>\d{10})(?!\d)/g },
  // Tapo, fetched by Home Assistant: 1789129860-1789129890.mp4
  { of: "name", pattern: /^(?<epoch>\d{10})-\d{10}\./g },
  // Frigate: porch-1789129860.272411-0lbwng.jpg
  { of: "name", pattern: /-(?<epoch>\d{10}\.\d{1,6})-[a-z0-9]{6}(?![a-z0-9])/g },
];

/** What says it is from before has a clock that was never set. */
const FIRST_YEAR = 2000;

/** The time that a file's name, or its path, says; null where there is none. Digits that no clock shows are no time. */
export function nameTime(path: string): NameTime | null {
  const texts = { name: basename(path), path: path.replaceAll(sep, "/") };
  for (const { of, pattern } of SHAPES) {
    for (const { groups = {} } of texts[of].matchAll(pattern)) {
      const time = groups.epoch === undefined ? wallOrInstant(groups) : instant(Number(groups.epoch) * 1000);
      if (time !== null) return time;
    }
  }
  return null;
}

function instant(epochMs: number): NameTime | null {
  return epochMs < Date.UTC(FIRST_YEAR) ? null : { kind: "instant", epochMs: Math.floor(epochMs) };
}

/** Null for what the calendar and the clock do not have, such as 20261399_999999, which is a serial number. */
function wallOrInstant(groups: Partial<Record<string, string>>): NameTime | null {
  const { year = "", month, day, minute, second = "0", fraction = "", offset } = groups;
  const fields = {
    year: Number(year) + (year.length === 2 ? FIRST_YEAR : 0),
    month: Number(month),
    day: Number(day),
    hour: hourOf(groups),
    minute: Number(minute),
    second: Number(second),
    millisecond: Number(fraction.slice(0, 3).padEnd(3, "0")),
  };
  if (fields.year < FIRST_YEAR) return null;
  try {
    const wall = Temporal.PlainDateTime.from(fields, { overflow: "reject" });
    if (offset === undefined) return { kind: "wall", wall };
    return instant(wall.toZonedDateTime("UTC").epochMilliseconds - offsetMs(offset));
  } catch {
    return null;
  }
}

/** -1 where there is no such hour: 13 pm. */
function hourOf({ hour, half }: Partial<Record<string, string>>): number {
  const number = Number(hour);
  if (half === undefined) return number;
  if (number < 1 || number > 12) return -1;
  return (number % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
}

/** `Z`, `+0100`, `+01_00` or `+01:00` in milliseconds. */
function offsetMs(offset: string): number {
  if (offset.toLowerCase() === "z") return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith("-") ? -minutes : minutes) * 60_000;
}
