/** When uploads were captured, and warnings of cameras whose clocks seem to be wrong. */
import { toIso } from "../domain/time.ts";
import { captureTime } from "../media/capture-time.ts";
import { loggedName } from "../media/file-name.ts";
import type { FileSighting } from "../media/sighting.ts";
import { isLive } from "./live.ts";
import type { Site } from "./site.ts";

export class CameraClocks {
  readonly #site: Site;
  /** Cameras whose clock seems to be behind, so that each is mentioned once. */
  readonly #behind = new Set<string>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** When a camera captured a file that was received then, in milliseconds since 1970; the answer is ISO 8601. */
  capturedAt(file: FileSighting, cameraId: string, receivedMs: number): string {
    const { capturedAt, warning } = captureTime({
      name: file.relativePath,
      mtimeMs: file.mtimeMs,
      receivedMs,
      timeZone: this.#site.camera(cameraId).time_zone,
    });
    if (warning !== null) this.#site.logger.warn(`${loggedName(file.relativePath)}: ${warning}`);
    this.#checkClock(file, cameraId, capturedAt, receivedMs);
    return capturedAt;
  }

  /** What counts as captured long ago never alerts by itself, so a clock that is behind would silence a camera. */
  #checkClock(file: FileSighting, cameraId: string, capturedAt: string, receivedMs: number): void {
    const writtenNow = isLive(toIso(file.mtimeMs), receivedMs);
    if (!writtenNow || isLive(capturedAt, receivedMs) || this.#behind.has(cameraId)) return;
    this.#behind.add(cameraId);
    this.#site.logger.warn(
      `${loggedName(file.relativePath)} came just now and says it was captured at ${capturedAt}: unless the camera sends late, check its clock and its time zone`,
    );
  }
}
