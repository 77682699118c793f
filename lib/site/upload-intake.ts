/** What `foscam-watch` does: every file that a watched folder brings is entered in the ledger once, then handed on. */
import { realpathSync } from "node:fs";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";
import { FolderWatch } from "../media/folder-watch.ts";
import type { SettledFile } from "../media/settle.ts";
import { type FileSighting, loggedName } from "../media/sighting.ts";
import { MediaError, type VigilError } from "../resilience/errors.ts";
import type { FileVersion, FoundFile, SeenFile } from "../store/found-files.ts";
import { CameraClocks } from "./camera-clocks.ts";
import { type FolderCamera, FolderCameras } from "./folder-cameras.ts";
import { HIGH_WATER, IntakeQueue } from "./intake-queue.ts";
import { acceptRoot, isOutage, recogniseRoot } from "./root-health.ts";
import type { Site } from "./site.ts";
import type { Output, Tables } from "./stage.ts";

export interface UploadIntakeOptions {
  readonly site: Site;
  readonly nodeId: string;
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
  /** `outage` or `waiting` has changed. */
  onChange(): void;
}

const UPLOAD_PORT = 0;
const REJECTED_PORT = 1;

/** File events can be lost without a word, so the folder is compared with the ledger this often as well. */
const SCAN_PAUSE_MS = { events: 60_000, polling: 1_000 };
/** A file system's clock runs up to a tick of the kernel behind. */
const CLOCK_TICK_MS = 20;

export class UploadIntake {
  readonly #options: UploadIntakeOptions;
  readonly #watch: FolderWatch;
  readonly #queue: IntakeQueue;
  readonly #cameras: FolderCameras;
  readonly #clocks: CameraClocks;
  readonly #release: () => void;
  #started = false;
  /** What changed before this lay there before the root was first watched; null once all of that has been entered. */
  #oldBeforeMs: number | null = null;
  /** A start may have to be tried again; what comes in the meantime is no old file. */
  readonly #openedMs: number;
  #taken = 0;
  #rejected = 0;
  #waiting = 0;
  #outage = false;

  /** Throws a ConfigError `ROOTS_OVERLAP`. */
  constructor(options: UploadIntakeOptions) {
    this.#options = options;
    const { site, root, nodeId, polling, stableMs } = options;
    this.#openedMs = site.clock.now();
    this.#release = site.roots.claim(realRoot(root));
    this.#cameras = new FolderCameras({ site, fixed: options.camera, onError: options.onError });
    this.#clocks = new CameraClocks(site);
    this.#watch = new FolderWatch({
      root,
      polling,
      pauseMs: polling ? SCAN_PAUSE_MS.polling : SCAN_PAUSE_MS.events,
      clock: site.clock,
      logger: site.logger,
      check: (signal) => this.#check(signal),
      onFiles: (files) => this.#enter(files),
      onScanned: () => this.#scanned(),
      onError: options.onError,
    });
    this.#queue = new IntakeQueue({
      site,
      nodeId,
      root,
      stableMs,
      take: (found, file) => this.#take(found, file),
      gone: ({ upload_id }) =>
        this.#leave((tables) => {
          tables.found.markGone(upload_id);
          return [];
        }),
      postpone: (found) => this.#postpone(found),
      changed: (path) => this.#watch.look(path),
      onError: (error) => {
        this.#watch.report(error);
        if (!isOutage(error)) return;
        this.#show(true);
        void this.#watch.scan();
      },
    });
  }

  /** Files taken and rejected since the node started. */
  get counts(): { taken: number; rejected: number } {
    return { taken: this.#taken, rejected: this.#rejected };
  }

  /** Files that have been found and wait for their turn; 0 while no more wait than are under way anyway. */
  get backlog(): number {
    return this.#waiting > HIGH_WATER ? this.#waiting : 0;
  }

  /** Whether the folder is away at the moment. */
  get outage(): boolean {
    return this.#outage;
  }

  /** Resolves when the folder is watched and has been compared with the ledger once. */
  async start(): Promise<void> {
    const { site, root } = this.#options;
    site.store.transaction((tables) => tables.roots.watch(root, this.#openedMs));
    this.#started = true;
    await this.#watch.scan();
  }

  /** Compares the folder with the ledger now. */
  async scan(): Promise<void> {
    await (this.#started ? this.#watch.scan() : this.start());
  }

  /** Takes the folder that is there for the right one, and compares it with the ledger. Throws a MediaError. */
  async accept(): Promise<void> {
    await acceptRoot(this.#options.root, this.#options.site.store);
    await this.scan();
  }

  async close(): Promise<void> {
    // At once: a network drive that hangs must not keep the folder from the node's next instance.
    this.#release();
    await Promise.all([this.#watch.close(), this.#queue.close()]);
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { site, root } = this.#options;
    try {
      await recogniseRoot(root, site.store, signal);
    } catch (error) {
      if (isOutage(error)) this.#show(true);
      throw error;
    }
    this.#oldBeforeMs = site.store.roots.oldBefore(root);
    this.#waiting = site.store.found.count(root);
    this.#show(false);
  }

  #scanned(): void {
    const { site, root } = this.#options;
    if (this.#oldBeforeMs === null) return;
    // A network drive's clock may be behind ours: from now on a file is new, whatever its times say.
    site.store.transaction((tables) => tables.roots.markBaselined(root));
    this.#oldBeforeMs = null;
  }

  #show(outage: boolean): void {
    this.#queue.open = !outage;
    if (outage === this.#outage) return;
    this.#outage = outage;
    this.#options.onChange();
  }

  /** Enters what is new among the files that were seen. */
  #enter(files: readonly FileSighting[]): void {
    const { store } = this.#options.site;
    const fresh = files.filter(
      (file) => !this.#queue.nudge(file.relativePath) && !store.uploads.has(this.#version(file)),
    );
    const seen = fresh.map((file) => this.#seen(file)).filter((file) => file !== null);
    if (seen.length === 0) return;
    const found = store.transaction(
      (tables) => seen.filter((file) => tables.found.enter(file) && file.state === "found").length,
    );
    this.#waiting += found;
    if (found === 0) return;
    this.#queue.fill();
    this.#options.onChange();
  }

  /** Null for a file whose camera has no id yet: it is not entered before it has. */
  #seen(file: FileSighting): SeenFile | null {
    const { site, takeExisting } = this.#options;
    const camera = this.#cameras.of(file.relativePath);
    const isOld = this.#oldBeforeMs !== null && file.ctimeMs < this.#oldBeforeMs - CLOCK_TICK_MS;
    const baseline = isOld && !takeExisting;
    if (!baseline && camera !== null && !this.#cameras.mayUse(camera)) return null;
    const version = this.#version(file);
    return {
      ...version,
      uploadId: deriveId("upload", version.root, version.path, version.size, version.mtimeNs),
      cameraId: baseline ? null : (camera?.id ?? null),
      mediaType: file.mediaType,
      receivedAt: toIso(site.clock.now()),
      state: baseline ? "baseline" : "found",
    };
  }

  #take(found: FoundFile, file: SettledFile): void {
    const camera = this.#cameras.of(file.relativePath);
    if (camera === null) {
      const reason =
        "it lies directly in the watched folder; put it into a folder named after its camera, or name the camera in the node";
      this.#reject(found, file, null, new MediaError("NO_CAMERA", reason));
    } else if (!this.#cameras.mayUse(camera)) {
      this.#postpone(found);
    } else if (file.problem !== null) this.#reject(found, file, camera.id, file.problem);
    else this.#accept(found, file, camera);
  }

  #accept(found: FoundFile, file: SettledFile, camera: FolderCamera): void {
    const { site } = this.#options;
    const receivedMs = site.clock.now();
    const upload: Upload = {
      upload_id: found.upload_id,
      camera_id: camera.id,
      path: file.path,
      media_type: file.mediaType,
      size: file.size,
      captured_at: this.#clocks.capturedAt(file, camera.id, receivedMs),
      received_at: toIso(receivedMs),
      sha256: file.sha256,
    };
    this.#leave((tables) => {
      if (!tables.found.hand(upload, this.#version(file))) return [];
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

  #reject(found: FoundFile, file: SettledFile, cameraId: string | null, problem: VigilError): void {
    const { site } = this.#options;
    this.#leave((tables) => {
      const reason = `${problem.code}: ${problem.message}`;
      const receivedAt = toIso(site.clock.now());
      if (!tables.found.reject(found.upload_id, this.#version(file), { cameraId, receivedAt, reason })) return [];
      tables.afterCommit(() => {
        this.#rejected += 1;
        site.logger.warn(`${loggedName(file)} is rejected (${problem.code}): ${problem.message}`);
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

  #postpone({ upload_id }: FoundFile): void {
    this.#leave((tables) => {
      tables.found.forget(upload_id);
      return [];
    });
  }

  /** A file leaves the state `found`, in one transaction with what comes of it. */
  #leave(work: (tables: Tables) => readonly Output[]): void {
    this.#options.act({}, (tables) => {
      tables.afterCommit(() => {
        this.#waiting -= 1;
      });
      return work(tables);
    });
    this.#options.onChange();
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
