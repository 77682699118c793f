/** Takes the files that the ledger has as found, one after the other, while there is room for more work. */
import { Limit } from "../media/limit.ts";
import { Nudge } from "../media/nudge.ts";
import { type Look, settleFile } from "../media/settle.ts";
import { asError, StoreError } from "../resilience/errors.ts";
import type { FoundFile } from "../store/found-files.ts";
import type { IntakeOutcomes } from "./intake-outcomes.ts";
import { liveSince } from "./live.ts";
import { isGone, isOutage } from "./root-health.ts";
import type { Site } from "./site.ts";

/** Uploads of one root that may be under way to a detector, or wait for one. */
export const HIGH_WATER = 64;
/** A message that no node has answered by then is on a way of the user's own, and holds nothing back. */
const AIR_MS = 60_000;
/** Held back, the queue looks for room this often, besides at each job's end. */
const HELD_MS = 3_000;
/** After an error of the store or the folder. */
const PAUSE_MS = 5_000;

/**
 * Looks at files, hashing and decoding included, that run at once. A network drive may hang, and must not take all four
 * threads that the process has for files.
 */
const LOOKS_AT_ONCE = { local: 8, network: 1 };
/**
 * Files that are waited for until they are whole. FTP servers have far fewer sessions; of a heap of broken files the
 * rest waits in the ledger, and old ones leave room for new ones.
 */
const MOST_SETTLING = { live: 1_000, backlog: 500 };

const EVER = -(2n ** 63n);

export interface IntakeQueueOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** Absolute path of the watched folder. */
  readonly root: string;
  /** Whether the folder may be on a network drive. */
  readonly network: boolean;
  /** How long a file that is not provably whole must stay unchanged before it is judged as it lies. */
  readonly stableMs: number;
  readonly outcomes: IntakeOutcomes;
  /** A file changed after it was looked at. */
  changed(path: string): void;
  onError(error: Error): void;
}

interface Settling {
  readonly id: string;
  readonly nudge: Nudge;
  /** It has been looked at, and was not whole yet. */
  waiting: boolean;
}

export class IntakeQueue {
  readonly #options: IntakeQueueOptions;
  readonly #abort = new AbortController();
  readonly #looks: Limit;
  /** By path. */
  readonly #settling = new Map<string, Settling>();
  readonly #tasks = new Set<Promise<void>>();
  #open = false;
  /** Files wait until work that is under way has ended. */
  #held = false;
  /** More could have been started, had all looks not been taken. */
  #allLooking = false;
  #lastCamera = "";
  #paused = false;
  #cancelTimer = () => {};

  constructor(options: IntakeQueueOptions) {
    this.#options = options;
    this.#looks = new Limit(options.network ? LOOKS_AT_ONCE.network : LOOKS_AT_ONCE.local);
    options.site.bus.on("worked", this.#abort.signal, () => {
      if (this.#held) this.fill();
    });
  }

  /** Whether files may be taken: not before the folder is known to be whole, nor while it is away. */
  set open(open: boolean) {
    if (open === this.#open) return;
    this.#open = open;
    if (open) this.fill();
  }

  /** Has a file looked at again at once where it is waited for; the answer is whether it is. */
  nudge(path: string): boolean {
    const settling = this.#settling.get(path);
    settling?.nudge.ring();
    return settling !== undefined;
  }

  /** Takes files while there is room. Called from timers too, so that it must not throw. */
  fill(): void {
    if (!this.#open || this.#paused || this.#abort.signal.aborted) return;
    this.#cancelTimer();
    try {
      this.#held = this.#startSome();
      if (this.#held) this.#cancelTimer = this.#options.site.clock.after(HELD_MS, () => this.fill());
    } catch (thrown) {
      this.#pause(asError(thrown));
    }
  }

  /** Stops; resolves when no look runs any more. Files that are not taken stay found. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancelTimer();
    await Promise.all(this.#tasks);
  }

  /** Starts what may run now; the answer is whether the rest is held back until there is room again. */
  #startSome(): boolean {
    this.#allLooking = false;
    for (let room = this.#room(); !this.#looks.full; room -= 1) {
      if (room <= 0) return true;
      const found = this.#next();
      if (found === undefined) return false;
      this.#lastCamera = found.camera_id ?? "";
      const settling = { id: found.upload_id, nudge: new Nudge(), waiting: false };
      this.#settling.set(found.path, settling);
      this.#start(found, settling);
    }
    this.#allLooking = true;
    return false;
  }

  #room(): number {
    const { site, root, nodeId } = this.#options;
    const looking = [...this.#settling.values()].filter(({ waiting }) => !waiting).length;
    const room = HIGH_WATER - looking;
    const now = site.clock.now();
    const aired = site.store.pressure.aired(nodeId, { since: now - AIR_MS, until: now }, room);
    return room - aired - site.store.pressure.queued(root, site.workers, room);
  }

  /** What is live goes first, then the backlog; the cameras take turns in each. */
  #next(): FoundFile | undefined {
    const { site, root } = this.#options;
    const liveSinceNs = BigInt(liveSince(site.clock.now())) * 1_000_000n;
    const except = [...this.#settling.values()].map(({ id }) => id);
    const oldest = (sinceNs: bigint) => site.store.found.next({ root, sinceNs, after: this.#lastCamera, except });
    if (this.#settling.size >= MOST_SETTLING.live) return undefined;
    return oldest(liveSinceNs) ?? (this.#settling.size < MOST_SETTLING.backlog ? oldest(EVER) : undefined);
  }

  #start(found: FoundFile, settling: Settling): void {
    const task = this.#settle(found, settling).finally(() => {
      this.#tasks.delete(task);
      this.#settling.delete(found.path);
      // An event that came after the last look is about another version of the file.
      if (settling.nudge.rung) this.#options.changed(found.path);
      this.fill();
    });
    this.#tasks.add(task);
  }

  async #settle(found: FoundFile, settling: Settling): Promise<void> {
    const { root, stableMs, site, outcomes } = this.#options;
    const { signal } = this.#abort;
    try {
      const file = await settleFile({
        root,
        relativePath: found.path,
        stableMs,
        clock: site.clock,
        signal,
        decode: (work) => site.nativeWork.run(`intake ${found.upload_id}`, work, signal),
        nudge: settling.nudge,
        turn: (look) => this.#lookInTurn(settling, look),
      });
      const gone = file === null && (await isGone({ root, path: found.path }, site.store));
      if (signal.aborted) return;
      if (file !== null) outcomes.take(found, file);
      else if (gone) outcomes.gone(found);
    } catch (thrown) {
      if (!signal.aborted) this.#fail(found, asError(thrown));
    }
  }

  async #lookInTurn(settling: Settling, look: () => Promise<Look>): Promise<Look> {
    const seen = await this.#looks.run(look);
    const makesRoom = !seen.done && !settling.waiting;
    settling.waiting = !seen.done;
    if (makesRoom || this.#allLooking) this.fill();
    return seen;
  }

  #fail(found: FoundFile, error: Error): void {
    if (error instanceof StoreError || isOutage(error)) {
      this.#pause(error);
      return;
    }
    this.#options.onError(error);
    try {
      this.#options.outcomes.postpone(found);
    } catch (storeError) {
      this.#pause(asError(storeError));
    }
  }

  #pause(error: Error): void {
    this.#options.onError(error);
    this.#paused = true;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.site.clock.after(PAUSE_MS, () => {
      this.#paused = false;
      this.fill();
    });
  }
}
