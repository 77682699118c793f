/** Watching a folder for uploads: every media file below it is taken once, as soon as it is whole. */
import { mkdir, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Clock } from "../resilience/clock.ts";
import { asError, MediaError, VigilError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { type FolderEvents, watchFolder } from "./folder-events.ts";
import { Limit } from "./limit.ts";
import { mediaTypeOf } from "./media-type.ts";
import { Nudge } from "./nudge.ts";
import { rootError } from "./open-file.ts";
import { type SettledFile, settleFile } from "./settle.ts";
import type { FileSighting } from "./sighting.ts";
import { walkMedia } from "./walk.ts";

export type { FileSighting };

/** Looks at files, hashing and decoding included, that run at once. */
const LOOKS_AT_ONCE = 8;

/** Files that are waited for at once. FTP servers have far fewer sessions; of a heap of broken files the rest queues. */
const MOST_SETTLING = 1_000;

/**
 * chokidar lists a new folder before it watches it, so a file that comes in between has no event. The folder is listed
 * here at once, and once more when its watch is certainly in place.
 */
const NEW_FOLDER_RELIST_MS = 500;

/** A scan does not wait longer for the file events to start: a network drive may never let them. */
const LONGEST_READY_MS = 60_000;

export interface FolderWatchOptions {
  readonly root: string;
  /** Compare all files every `pollIntervalMs` instead of asking the system: for network drives. */
  readonly polling: boolean;
  readonly pollIntervalMs: number;
  /** How long a file that is not provably whole must stay unchanged before it is judged as it lies. */
  readonly stableMs: number;
  readonly rescanMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False for a version of a file that is not to be taken (again). Asked of every file at every scan. */
  wants(file: FileSighting): boolean;
  /** Takes a file, good or with a `problem`. If it throws, the file is offered again by the next scan. */
  take(file: SettledFile): Promise<void> | void;
  /** Gets each problem once for as long as it lasts; watching goes on. */
  onError(error: VigilError): void;
  /** A scan could read the folder: an outage, if there was one, is over. */
  onScanned?(): void;
}

/**
 * File events and a scan on a timer feed one path that is safe to run twice, because events overflow and die silently.
 * New files go before those that a scan found, which go oldest first.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #root: string;
  readonly #abort = new AbortController();
  readonly #looks = new Limit(LOOKS_AT_ONCE);
  readonly #live = new Set<string>();
  readonly #backlog = new Set<string>();
  readonly #settling = new Map<string, Nudge>();
  readonly #tasks = new Set<Promise<void>>();
  #events: (FolderEvents & { readonly identity: string }) | null = null;
  #scan: Promise<void> | null = null;
  #nextScan: Promise<void> | null = null;
  #cancelRescan = () => {};
  /** Problems of this scan and since, and those of the one before. */
  #problems = new Set<string>();
  #oldProblems = new Set<string>();

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#root = resolve(options.root);
  }

  /** Makes the folder if it is missing, watches it and resolves after the first scan; files settle after that. */
  async start(): Promise<void> {
    try {
      await mkdir(this.#root, { recursive: true });
    } catch (thrown) {
      this.#report(rootError(this.#root, thrown));
    }
    await this.scan();
  }

  /** Compares the folder with what is known, now. Resolves when all that is new is queued; never rejects. */
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

  /** Stops; resolves when no look and no `take` runs any more. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancelRescan();
    this.#live.clear();
    this.#backlog.clear();
    await Promise.all([...this.#tasks, this.#scan, this.#nextScan]);
    await this.#closeEvents();
  }

  async #runScan(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#cancelRescan();
    this.#oldProblems = this.#problems;
    this.#problems = new Set();
    try {
      await this.#watchEvents();
      await this.#offerFound();
      this.#options.onScanned?.();
    } catch (thrown) {
      this.#report(thrown);
    }
    if (this.#abort.signal.aborted) return;
    this.#cancelRescan = this.#options.clock.after(this.#options.rescanMs, () => void this.scan());
  }

  /** Starts the file events, again when the folder is another one than before: a drive came back, or was replaced. */
  async #watchEvents(): Promise<void> {
    const folder = await this.#identify();
    if (this.#events?.identity === folder.identity || this.#abort.signal.aborted) return;
    await this.#closeEvents();
    const { polling, pollIntervalMs, clock, logger } = this.#options;
    const events = watchFolder({
      root: folder.path,
      polling,
      pollIntervalMs,
      onFile: (relativePath) => this.#offerLive(relativePath),
      onFolder: (relativePath) => this.#listNewFolder(relativePath),
      onError: (error) => this.#report(error),
    });
    this.#events = { ...events, identity: folder.identity };
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(LONGEST_READY_MS, late.resolve);
    this.#abort.signal.addEventListener("abort", () => late.resolve(), { once: true });
    await Promise.race([events.ready, late.promise]);
    cancel();
    logger.info(`Watching ${this.#root}${polling ? ` every ${pollIntervalMs} ms` : ""}`);
  }

  /** The folder's real path, and what tells it from another one that is put in its place. */
  async #identify(): Promise<{ path: string; identity: string }> {
    try {
      const path = await realpath(this.#root);
      const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
      return { path, identity: `${dev} ${ino} ${birthtimeNs}` };
    } catch (thrown) {
      await this.#closeEvents();
      throw rootError(this.#root, thrown);
    }
  }

  async #closeEvents(): Promise<void> {
    const events = this.#events;
    this.#events = null;
    await events?.close();
  }

  async #offerFound(): Promise<void> {
    const found: FileSighting[] = [];
    for await (const file of this.#wanted("")) found.push(file);
    found.sort((a, b) => Number(a.mtimeNs - b.mtimeNs));
    for (const { relativePath } of found) {
      if (!this.#settling.has(relativePath) && !this.#live.has(relativePath)) this.#backlog.add(relativePath);
    }
    if (found.length > 0) this.#options.logger.debug(`${found.length} files found below ${this.#root}`);
    this.#settleNext();
  }

  #listNewFolder(folder: string): void {
    this.#track(this.#offerFolder(folder));
    this.#options.clock.after(NEW_FOLDER_RELIST_MS, () => this.#track(this.#offerFolder(folder)));
  }

  async #offerFolder(folder: string): Promise<void> {
    for await (const { relativePath } of this.#wanted(folder)) this.#offerLive(relativePath);
  }

  async *#wanted(folder: string): AsyncGenerator<FileSighting> {
    const files = walkMedia({
      root: this.#root,
      folder,
      signal: this.#abort.signal,
      onFolder: (found) => {
        if (this.#events?.watchMissed(found)) this.#listNewFolder(found);
      },
      onProblem: (problem) => this.#report(problem),
    });
    for await (const file of files) {
      if (this.#options.wants(file)) yield file;
    }
  }

  #offerLive(relativePath: string): void {
    if (this.#abort.signal.aborted || mediaTypeOf(relativePath) === null) return;
    const nudge = this.#settling.get(relativePath);
    if (nudge) {
      nudge.ring();
      return;
    }
    this.#backlog.delete(relativePath);
    this.#live.add(relativePath);
    this.#settleNext();
  }

  #settleNext(): void {
    while (!this.#abort.signal.aborted && !this.#looks.full && this.#settling.size < MOST_SETTLING) {
      const queue = this.#live.size > 0 ? this.#live : this.#backlog;
      const [relativePath] = queue;
      if (relativePath === undefined) return;
      queue.delete(relativePath);
      const nudge = new Nudge();
      this.#settling.set(relativePath, nudge);
      this.#track(this.#settle(relativePath, nudge));
    }
  }

  async #settle(relativePath: string, nudge: Nudge): Promise<void> {
    try {
      const file = await settleFile({
        root: this.#root,
        relativePath,
        stableMs: this.#options.stableMs,
        clock: this.#options.clock,
        signal: this.#abort.signal,
        nudge,
        wants: (sighting) => this.#options.wants(sighting),
        turn: (look) => this.#look(look),
      });
      if (file && !this.#abort.signal.aborted) await this.#options.take(file);
    } finally {
      this.#settling.delete(relativePath);
      // An event that came after the last look is about another version of the file.
      if (nudge.rung) this.#offerLive(relativePath);
      this.#settleNext();
    }
  }

  async #look<T>(look: () => Promise<T>): Promise<T> {
    try {
      return await this.#looks.run(look);
    } finally {
      this.#settleNext();
    }
  }

  /** Lets a task run by itself: its error is reported, and `close` waits for it. */
  #track(task: Promise<void>): void {
    const tracked = task
      .catch((thrown: unknown) => this.#report(thrown))
      .finally(() => {
        this.#tasks.delete(tracked);
      });
    this.#tasks.add(tracked);
  }

  /** What the abort threw is no problem, and a problem that lasts is reported once. */
  #report(thrown: unknown): void {
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
}

function typedError(thrown: unknown): VigilError {
  if (thrown instanceof VigilError) return thrown;
  const { message } = asError(thrown);
  return new MediaError("WATCH_FAILED", `watching failed unexpectedly: ${message}`, { retryable: true, cause: thrown });
}
