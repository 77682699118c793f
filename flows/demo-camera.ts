/** A simulated camera, so that the pipeline has something to do: it uploads pictures as a Foscam does over FTP. */
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Temporal } from "temporal-polyfill";
import { asError } from "../lib/resilience/errors.ts";
import type { Logger } from "../lib/resilience/logger.ts";
import { drawScene, type Scene } from "./demo-scene.ts";

const INTERVAL_MS = 2_000;
/** Pictures that stay in its folder; older ones are deleted. */
const KEPT = 200;
const OWN_FILE = /^MDAlarm_\d{8}-\d{6}\.jpg$/;

/** An upload arrives in pieces. */
const PIECES = 3;
const PIECE_MS = 50;

/** A minute in the yard, in pictures. */
const MINUTE: readonly { visitor: Scene["visitor"]; pictures: number }[] = [
  { visitor: null, pictures: 1 },
  { visitor: "walker", pictures: 5 },
  { visitor: null, pictures: 12 },
  { visitor: "car", pictures: 4 },
  { visitor: null, pictures: 8 },
];

export interface DemoCameraOptions {
  /** Absolute path; the camera uploads to `demo-camera/snap` below it. */
  readonly camerasDir: string;
  readonly logger: Pick<Logger, "warn">;
  readonly signal: AbortSignal;
}

/** Runs until it is aborted, and then resolves. A picture that cannot be written is a warning. */
export async function runDemoCamera({ camerasDir, logger, signal }: DemoCameraOptions): Promise<void> {
  const folder = join(camerasDir, "demo-camera", "snap");
  for (const scene of scenes()) {
    if (signal.aborted) return;
    try {
      await mkdir(folder, { recursive: true });
      await upload(join(folder, fileName()), await drawScene(scene));
      await deleteOldest(folder);
    } catch (error) {
      logger.warn(`The simulated camera cannot upload: ${asError(error).message}`);
    }
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

function* scenes(): Generator<Scene> {
  for (;;) {
    for (const { visitor, pictures } of MINUTE) {
      for (let n = 1; n <= pictures; n++) yield { visitor, progress: n / (pictures + 1) };
    }
  }
}

/** As Foscam names them: `MDAlarm_20260911-123100.jpg`, in local time. */
function fileName(): string {
  const now = Temporal.Now.plainDateTimeISO().toString({ smallestUnit: "second" });
  return `MDAlarm_${now.replaceAll(/[-:]/g, "").replace("T", "-")}.jpg`;
}

async function upload(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, "w");
  try {
    const size = Math.ceil(bytes.length / PIECES);
    for (let at = 0; at < bytes.length; at += size) {
      await file.write(bytes.subarray(at, at + size));
      await sleep(PIECE_MS);
    }
  } finally {
    await file.close();
  }
}

async function deleteOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => OWN_FILE.test(name)).sort();
  for (const name of names.slice(0, -KEPT)) await rm(join(folder, name), { force: true });
}
