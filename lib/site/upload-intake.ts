/** What `foscam-watch` does: every file that a watched folder brings is entered in the ledger once, then handed on. */
import { realpath } from "node:fs/promises";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import { FolderWatch } from "../media/folder-watch.ts";
import type { FileSighting } from "../media/sighting.ts";
import type { VigilError } from "../resilience/errors.ts";
import type { SeenFile } from "../store/found-files.ts";
import { FolderCameras } from "./folder-cameras.ts";
import { IntakeOutcomes, versionOf } from "./intake-outcomes.ts";
import { HIGH_WATER, IntakeQueue } from "./intake-queue.ts";
import { acceptRoot, isOutage, isRecognised, recogniseRoot } from "./root-health.ts";
import type { Site } from "./site.ts";
import type { Output, Tables } from "./stage.ts";

export interface UploadIntakeOptions {
  readonly site: Site;
  readonly nodeId: string;
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
  /** `outage` or `waiting` has changed. */
  onChange(): void;
}

/** File events can be lost without a word, so the folder is compared with the ledger this often as well. */
const SCAN_PAUSE_MS = { events: 60_000, polling: 1_000 };
/** A file system's clock runs up to a tick of the kernel behind. */
const CLOCK_TICK_MS = 20;

export class UploadIntake {
  readonly #options: UploadIntakeOptions;
  readonly #watch: FolderWatch;
  readonly #queue: IntakeQueue;
  readonly #cameras: FolderCameras;
  readonly #outcomes: IntakeOutcomes;
  #started = false;
  #closed = false;
  /** What changed before this lay there before the root was first watched; null once all of that has been entered. */
  #oldBeforeMs: number | null = null;
  #waiting = 0;
  #outage = false;

  /** Throws a ConfigError `ROOTS_OVERLAP`. */
  constructor(options: UploadIntakeOptions) {
    this.#options = options;
    const { site, root, nodeId, polling, stableMs } = options;
    site.roots.claim(this, root);
    this.#cameras = new FolderCameras({ site, fixed: options.camera, onError: options.onError });
    this.#outcomes = new IntakeOutcomes({
      site,
      root,
      cameras: this.#cameras,
      act: (work) => {
        options.act({}, work);
        this.#waiting -= 1;
        options.onChange();
      },
    });
    this.#watch = new FolderWatch({
      root,
      polling,
      pauseMs: polling ? SCAN_PAUSE_MS.polling : SCAN_PAUSE_MS.events,
      clock: site.clock,
      logger: site.logger,
      check: (signal) => this.#check(signal),
      isSameRoot: () => isRecognised(root, site.store),
      onFiles: (files) => this.#enter(files),
      onScanned: () => this.#scanned(),
      onError: options.onError,
    });
    this.#queue = new IntakeQueue({
      site,
      nodeId,
      root,
      network: polling,
      stableMs,
      outcomes: this.#outcomes,
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
    return this.#outcomes.counts;
  }

  /** Files that have been found and wait for their turn; 0 while no more wait than are under way anyway. */
  get backlog(): number {
    return this.#waiting > HIGH_WATER ? this.#waiting : 0;
  }

  /** Whether the folder is away at the moment. */
  get outage(): boolean {
    return this.#outage;
  }

  /**
   * Resolves when the folder is watched and has been compared with the ledger once. Throws a ConfigError `ROOTS_OVERLAP`
   * where it is a link into another one that is watched.
   */
  async start(): Promise<void> {
    const { site, root, madeMs } = this.#options;
    // Not in the constructor: a network drive that hangs would stop the whole process.
    const realRoot = await realpath(root).catch(() => root);
    if (this.#closed) return;
    site.roots.claim(this, realRoot);
    site.store.transaction((tables) => tables.roots.watch(root, madeMs));
    this.#started = true;
    await this.#watch.scan();
  }

  /** Compares the folder with the ledger now. */
  async scan(): Promise<void> {
    await (this.#started ? this.#watch.scan() : this.start());
  }

  /**
   * Takes the folder that is there for the right one, with what it holds now as old files, and compares it with the
   * ledger. Throws a MediaError.
   */
  async accept(): Promise<void> {
    const { root, site } = this.#options;
    await acceptRoot(root, site.store, site.clock.now());
    await this.scan();
  }

  async close(): Promise<void> {
    // At once: a network drive that hangs must not keep the folder from the node's next instance.
    this.#closed = true;
    this.#options.site.roots.release(this);
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

  /** Enters what is new among the files that were seen. While the folder is away, a scan has to tell first if it is back. */
  #enter(files: readonly FileSighting[]): void {
    if (this.#outage) {
      void this.#watch.scan();
      return;
    }
    const { site, root } = this.#options;
    const fresh = files.filter(
      (file) => !this.#queue.nudge(file.relativePath) && !site.store.found.isEntered(versionOf(root, file)),
    );
    const seen = fresh.map((file) => this.#seen(file)).filter((file) => file !== null);
    if (seen.length === 0) return;
    const found = site.store.transaction(
      (tables) => seen.filter((file) => tables.found.enter(file) && file.state === "found").length,
    );
    this.#waiting += found;
    if (found === 0) return;
    this.#queue.fill();
    this.#options.onChange();
  }

  /** Null for a file whose camera has no id yet: it is not entered before it has. */
  #seen(file: FileSighting): SeenFile | null {
    const { site, root, takeExisting } = this.#options;
    const camera = this.#cameras.of(file.relativePath);
    const isOld = this.#oldBeforeMs !== null && file.ctimeMs < this.#oldBeforeMs - CLOCK_TICK_MS;
    const baseline = isOld && !takeExisting;
    if (!baseline && camera !== null && !this.#cameras.mayUse(camera)) return null;
    const version = versionOf(root, file);
    return {
      ...version,
      uploadId: deriveId("upload", version.root, version.path, version.size, version.mtimeNs),
      cameraId: baseline ? null : (camera?.id ?? null),
      mediaType: file.mediaType,
      receivedAt: toIso(site.clock.now()),
      state: baseline ? "baseline" : "found",
    };
  }
}
