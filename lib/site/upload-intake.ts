/** What `foscam-watch` does: every file that a watched folder brings is entered in the ledger once, then handed on. */
import { realpathSync } from "node:fs";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";
import { captureTime } from "../media/capture-time.ts";
import { type FileSighting, FolderWatch } from "../media/folder-watch.ts";
import type { SettledFile } from "../media/settle.ts";
import { MediaError, type VigilError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { FileVersion } from "../store/uploads.ts";
import { type FolderCamera, FolderCameras } from "./folder-cameras.ts";
import { isLive } from "./live.ts";
import type { Site } from "./site.ts";
import type { Output, Tables } from "./stage.ts";

export interface UploadIntakeOptions {
  readonly site: Site;
  /** When the node was made, in milliseconds since 1970: what comes from then on is no old file. */
  readonly madeMs: number;
  /** Absolute path of the watched folder. */
  readonly root: string;
  /** The camera of every file below the root; null where the first folder names it. */
  readonly camera: string | null;
  /** Whether files that were there before the root was first watched are taken as well. */
  readonly takeExisting: boolean;
  readonly polling: boolean;
  readonly stableMs: number;
  /** Stores in a transaction, then sends. */
  act(base: FlowMessage, work: (tables: Tables) => readonly Output[]): void;
  onError(error: VigilError): void;
  /** `outage` has changed. */
  onOutage(): void;
}

const UPLOAD_PORT = 0;
const REJECTED_PORT = 1;

/** File events can be lost without a word, so the folder is compared with the ledger this often as well. */
const RESCAN_MS = 60_000;
const POLL_INTERVAL_MS = 1_000;
/** A file system's clock runs up to a tick of the kernel behind. */
const CLOCK_TICK_MS = 20;
const LOGGED_NAME_LENGTH = 200;
/** Errors that last for the whole folder until a scan succeeds. */
const OUTAGES: ReadonlySet<string> = new Set(["ROOT_MISSING", "ROOT_UNREADABLE"]);

export class UploadIntake {
  readonly #options: UploadIntakeOptions;
  readonly #watch: FolderWatch;
  readonly #cameras: FolderCameras;
  readonly #release: () => void;
  /** Cameras whose clock seems to be behind, so that each is mentioned once. */
  readonly #behind = new Set<string>();
  #started = false;
  /** What changed before this lay there before the root was first watched; null once all of that has been entered. */
  #oldBeforeMs: number | null = null;
  #taken = 0;
  #rejected = 0;
  #outage = false;

  /** Throws a ConfigError `ROOTS_OVERLAP`. */
  constructor(options: UploadIntakeOptions) {
    this.#options = options;
    const { site, root } = options;
    this.#release = site.roots.claim(realRoot(root));
    this.#cameras = new FolderCameras({ site, fixed: options.camera, onError: options.onError });
    this.#watch = new FolderWatch({
      root,
      polling: options.polling,
      pollIntervalMs: POLL_INTERVAL_MS,
      stableMs: options.stableMs,
      rescanMs: RESCAN_MS,
      clock: site.clock,
      logger: site.logger,
      wants: (file) => this.#wants(file),
      take: (file) => this.#take(file),
      onError: (error) => {
        if (OUTAGES.has(error.code)) this.#show(true);
        options.onError(error);
      },
      onScanned: () => this.#scanned(),
    });
  }

  /** Files taken and rejected since the node started. */
  get counts(): { taken: number; rejected: number } {
    return { taken: this.#taken, rejected: this.#rejected };
  }

  /** Whether the folder cannot be read at the moment. */
  get outage(): boolean {
    return this.#outage;
  }

  /** Resolves when the folder is watched and has been compared with the ledger once. */
  async start(): Promise<void> {
    const { site, root, madeMs } = this.#options;
    this.#oldBeforeMs = site.store.transaction((tables) => tables.uploads.watchRoot(root, madeMs));
    this.#started = true;
    await this.#watch.start();
  }

  /** Compares the folder with the ledger now. */
  async scan(): Promise<void> {
    await (this.#started ? this.#watch.scan() : this.start());
  }

  async close(): Promise<void> {
    // At once: a network drive that hangs must not keep the folder from the node's next instance.
    this.#release();
    await this.#watch.close();
  }

  #scanned(): void {
    const { site, root } = this.#options;
    this.#show(false);
    if (this.#oldBeforeMs === null) return;
    // A network drive's clock may be behind ours: from now on a file is new, whatever its times say.
    site.store.transaction((tables) => tables.uploads.markBaselined(root));
    this.#oldBeforeMs = null;
  }

  #show(outage: boolean): void {
    if (outage === this.#outage) return;
    this.#outage = outage;
    this.#options.onOutage();
  }

  #wants(file: FileSighting): boolean {
    const { site, takeExisting } = this.#options;
    if (site.store.uploads.has(this.#version(file))) return false;
    const isOld = this.#oldBeforeMs !== null && file.ctimeMs < this.#oldBeforeMs - CLOCK_TICK_MS;
    if (isOld && !takeExisting) {
      site.store.transaction((tables) => this.#enterUnwanted(tables, file, null, "baseline", null));
      return false;
    }
    const camera = this.#cameras.of(file.relativePath);
    return camera === null || this.#cameras.mayUse(camera);
  }

  #take(file: SettledFile): void {
    const camera = this.#cameras.of(file.relativePath);
    if (camera === null) {
      const reason =
        "it lies directly in the watched folder; put it into a folder named after its camera, or name the camera in the node";
      this.#reject(file, null, new MediaError("NO_CAMERA", reason));
    } else if (file.problem !== null || file.sha256 === null) {
      this.#reject(file, camera.id, file.problem ?? new MediaError("UNREADABLE", "it could not be read"));
    } else this.#accept(file, camera, file.sha256);
  }

  #accept(file: SettledFile, camera: FolderCamera, sha256: string): void {
    const { site, act } = this.#options;
    const receivedMs = site.clock.now();
    const time = captureTime({
      name: file.relativePath,
      mtimeMs: file.mtimeMs,
      receivedMs,
      timeZone: site.camera(camera.id).time_zone,
    });
    if (time.warning !== null) site.logger.warn(`${shown(file)}: ${time.warning}`);
    this.#checkClock(camera.id, file, time.capturedAt, receivedMs);
    const version = this.#version(file);
    const upload: Upload = {
      upload_id: uploadId(version),
      camera_id: camera.id,
      path: file.path,
      media_type: file.mediaType,
      size: file.size,
      captured_at: time.capturedAt,
      received_at: toIso(receivedMs),
      sha256,
    };
    act({}, (tables) => {
      if (!tables.uploads.addHanded(upload, version)) return [];
      tables.afterCommit(() => {
        this.#taken += 1;
      });
      return [
        {
          port: UPLOAD_PORT,
          topic: camera.id,
          payload: upload,
          properties: { filename: file.path },
          subject: { kind: "upload", id: upload.upload_id },
        },
      ];
    });
  }

  /** What counts as captured long ago never alerts by itself, so a clock that is behind would silence a camera. */
  #checkClock(cameraId: string, file: SettledFile, capturedAt: string, receivedMs: number): void {
    const writtenNow = isLive(toIso(file.mtimeMs), receivedMs);
    if (!writtenNow || isLive(capturedAt, receivedMs) || this.#behind.has(cameraId)) return;
    this.#behind.add(cameraId);
    this.#options.site.logger.warn(
      `${shown(file)} came just now and says it was captured at ${capturedAt}: unless the camera sends late, check its clock and its time zone`,
    );
  }

  #reject(file: SettledFile, cameraId: string | null, problem: VigilError): void {
    const { site, act } = this.#options;
    act({}, (tables) => {
      if (!this.#enterUnwanted(tables, file, cameraId, "rejected", `${problem.code}: ${problem.message}`)) return [];
      tables.afterCommit(() => {
        this.#rejected += 1;
        site.logger.warn(`${shown(file)} is rejected (${problem.code}): ${problem.message}`);
      });
      return [
        {
          port: REJECTED_PORT,
          topic: cameraId ?? "",
          payload: { path: file.path, size: file.size, code: problem.code, reason: problem.message },
          properties: { filename: file.path },
          subject: null,
        },
      ];
    });
  }

  #enterUnwanted(
    tables: Tables,
    file: FileSighting,
    cameraId: string | null,
    state: "baseline" | "rejected",
    reason: string | null,
  ): boolean {
    const version = this.#version(file);
    return tables.uploads.addUnwanted({
      ...version,
      uploadId: uploadId(version),
      cameraId,
      mediaType: file.mediaType,
      receivedAt: toIso(this.#options.site.clock.now()),
      state,
      reason,
    });
  }

  #version(file: FileSighting): FileVersion {
    return { root: this.#options.root, path: file.relativePath, size: file.size, mtimeNs: file.mtimeNs };
  }
}

/** Where a folder really is, so that a link to it is known for the same; as it is named where that cannot be told. */
function realRoot(root: string): string {
  try {
    return realpathSync.native(root);
  } catch {
    return root;
  }
}

/** A file's name as a log line can show it. */
function shown({ relativePath }: FileSighting): string {
  return oneLine(relativePath, LOGGED_NAME_LENGTH);
}

function uploadId({ root, path, size, mtimeNs }: FileVersion): string {
  return deriveId("upload", root, path, size, mtimeNs);
}
