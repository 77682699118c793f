/** Seeing the files below a folder: file events and a scan on a timer, because events overflow and die silently. */
import { lstat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../resilience/clock.ts";
import { asError, MediaError, VigilError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { FolderEvents } from "./folder-events.ts";
import { mediaTypeOf } from "./media-type.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";
import { walkMedia } from "./walk.ts";

/** Events that come during this are one: a file is written in many pieces. */
const GATHER_MS = 50;
/** Where more paths have events at a time than this, a scan finds the files instead. */
const MOST_CHANGED = 1_000;
const LOOKS_AT_ONCE = 32;

/** A scan is followed by a pause of so many times its own duration: a huge folder must not eat the processor. */
const PAUSE_RATIO = { events: 20, polling: 4 };
/** What could not be entered after its event is found by a scan that comes early. */
const RETRY_MS = 5_000;

export interface FolderWatchOptions {
  readonly root: string;
  /** Scan again and again instead of asking the system for file events: for network drives. */
  readonly polling: boolean;
  /** The pause between two scans, at least. */
  readonly pauseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked before and after each scan: throws while the folder is not to be believed, and then none counts. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * Whether the root is the folder that `check` last let pass. Asked between the seeing of files and `onFiles`, because
   * another folder may have taken its place meanwhile; where it is not, a scan finds out what it is.
   */
  isSameRoot(): Promise<boolean>;
  /** Gets the files of events and scans, in slices of at most 200, again at every scan. */
  onFiles(files: readonly FileSighting[]): void;
  /** A scan has come to its end, and could read every folder: all files that lay there at its start have been told. */
  onScanned(): void;
  /** Gets each problem once for as long as it lasts; watching goes on. */
  onError(error: VigilError): void;
}

export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #root: string;
  readonly #abort = new AbortController();
  readonly #events: FolderEvents | null;
  readonly #changed = new Set<string>();
  readonly #tasks = new Set<Promise<void>>();
  #looking = false;
  /** There were events whose files have not been seen. */
  #missed = false;
  #scan: Promise<void> | null = null;
  #nextScan: Promise<void> | null = null;
  #cancelScan = () => {};
  /** Problems of this scan and since, and those of the one before. */
  #problems = new Set<string>();
  #oldProblems = new Set<string>();

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#root = resolve(options.root);
    this.#events = options.polling
      ? null
      : new FolderEvents({
          root: this.#root,
          onChange: (path) => this.#onChange(path),
          onError: (error) => this.report(error),
        });
  }

  /**
   * Watches the folder and tells of all files in it, now and then again on a timer. Resolves when all have been told;
   * never rejects.
   */
  scan(): Promise<void> {
    if (this.#scan === null) {
      this.#scan = this.#runScan().finally(() => {
        this.#scan = null;
      });
      return this.#scan;
    }
    // The one under way may be past what the caller knows of.
    this.#nextScan ??= this.#scan.then(() => {
      this.#nextScan = null;
      return this.scan();
    });
    return this.#nextScan;
  }

  /** Looks at a file as if it had an event; where there are none, the next scan does. */
  look(relativePath: string): void {
    if (!this.#options.polling) this.#onChange(relativePath);
  }

  /** Tells of a problem, once for as long as it lasts. What the end threw is none. */
  report(thrown: unknown): void {
    if (this.#abort.signal.aborted) return;
    const error = typedError(thrown);
    const isNew = !this.#problems.has(error.message) && !this.#oldProblems.has(error.message);
    this.#problems.add(error.message);
    if (!isNew) return;
    try {
      this.#options.onError(error);
    } catch (fault) {
      this.#options.logger.error(`Reporting "${error.message}" failed: ${asError(fault).message}`);
    }
  }

  /** Stops; resolves when nothing is told any more. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancelScan();
    this.#changed.clear();
    this.#events?.close();
    await Promise.all([...this.#tasks, this.#scan, this.#nextScan]);
  }

  async #runScan(): Promise<void> {
    const { clock, polling, pauseMs } = this.#options;
    const { signal } = this.#abort;
    if (signal.aborted) return;
    this.#cancelScan();
    this.#oldProblems = this.#problems;
    this.#problems = new Set();
    const begun = clock.monotonic();
    try {
      await this.#options.check(signal);
      await this.#events?.refresh();
      const whole = await this.#list("");
      await this.#options.check(signal);
      if (whole) this.#options.onScanned();
    } catch (thrown) {
      this.report(thrown);
    }
    const ratio = polling ? PAUSE_RATIO.polling : PAUSE_RATIO.events;
    this.#scanAfter(Math.max(pauseMs, (clock.monotonic() - begun) * ratio));
  }

  #scanAfter(ms: number): void {
    if (this.#abort.signal.aborted) return;
    this.#cancelScan();
    this.#cancelScan = this.#options.clock.after(ms, () => void this.scan());
  }

  /** Tells of the files in a folder and below it, and watches them from then on. False where it could not read all. */
  async #list(folder: string): Promise<boolean> {
    let whole = true;
    const slices = walkMedia({
      root: this.#root,
      folder,
      network: this.#options.polling,
      signal: this.#abort.signal,
      // Before it is listed: what comes into it later has an event.
      onFolder: async (found) => {
        await this.#events?.update(found);
      },
      onProblem: (problem) => {
        if (problem.code === "UNREADABLE_FOLDER") whole = false;
        this.report(problem);
      },
    });
    for await (const slice of slices) {
      if (!(await this.#tell(slice))) return false;
      await nextTurn();
    }
    return whole;
  }

  /** False where the root is another folder meanwhile. */
  async #tell(files: readonly FileSighting[]): Promise<boolean> {
    const isSame = await this.#options.isSameRoot();
    this.#abort.signal.throwIfAborted();
    if (isSame) this.#options.onFiles(files);
    else void this.scan();
    return isSame;
  }

  #onChange(relativePath: string | null): void {
    if (this.#abort.signal.aborted) return;
    if (relativePath === null || this.#changed.size >= MOST_CHANGED) this.#missed = true;
    else this.#changed.add(relativePath);
    if (this.#looking) return;
    this.#looking = true;
    this.#track(
      this.#lookAtChanged().finally(() => {
        this.#looking = false;
      }),
    );
  }

  async #lookAtChanged(): Promise<void> {
    const { signal } = this.#abort;
    while ((this.#changed.size > 0 || this.#missed) && !signal.aborted) {
      while (this.#changed.size > 0) await this.#lookAtSome();
      if (this.#missed) {
        this.#missed = false;
        void this.scan();
      }
      await this.#pause(GATHER_MS);
    }
  }

  async #lookAtSome(): Promise<void> {
    const paths = [...this.#changed].slice(0, LOOKS_AT_ONCE);
    for (const path of paths) this.#changed.delete(path);
    const looks = await Promise.all(paths.map((path) => this.#lookAt(path)));
    const files = looks.filter((file) => file !== null);
    if (files.length === 0 || this.#abort.signal.aborted) return;
    try {
      await this.#tell(files);
    } catch (thrown) {
      this.report(thrown);
      this.#scanAfter(RETRY_MS);
    }
  }

  /** What lies there now, if it is a media file; a folder is listed if it is new: a chmod has events, too. */
  async #lookAt(relativePath: string): Promise<FileSighting | null> {
    const stats = await lstat(join(this.#root, relativePath), { bigint: true }).catch(() => null);
    if (!stats?.isFile()) {
      const isNew = await this.#events?.update(relativePath);
      if (isNew && stats?.isDirectory()) this.#track(this.#list(relativePath));
      return null;
    }
    const mediaType = mediaTypeOf(relativePath);
    return mediaType === null ? null : sightingOf(relativePath, mediaType, stats);
  }

  /** Ends early on closing. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(ms, over.resolve);
    const end = () => over.resolve();
    signal.addEventListener("abort", end);
    await over.promise;
    signal.removeEventListener("abort", end);
    cancel();
  }

  /** Lets a task run by itself: its error is reported, and `close` waits for it. */
  #track(task: Promise<unknown>): void {
    const tracked: Promise<void> = task
      .then(() => {})
      .catch((thrown: unknown) => this.report(thrown))
      .finally(() => {
        this.#tasks.delete(tracked);
      });
    this.#tasks.add(tracked);
  }
}

function typedError(thrown: unknown): VigilError {
  if (thrown instanceof VigilError) return thrown;
  const { message } = asError(thrown);
  return new MediaError("WATCH_FAILED", `watching failed unexpectedly: ${message}`, { retryable: true, cause: thrown });
}
