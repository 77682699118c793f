/**
 * The way to one server, shared by all nodes that use it: so many requests at once, the most urgent job first, and none
 * but a probe while the server is away.
 */
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ReplyError, ServerError } from "./errors.ts";

/** A node's queue, as the gate sees it. */
export interface Caller {
  /** The job that it would start now; null where none can be. Must not throw. */
  offer(): Offer | null;
  /** The server was found to be away, now or still. Must not throw. */
  onAway(): void;
}

export interface Offer {
  /** Higher goes first. */
  readonly priority: number;
  start(visit: Visit): void;
}

/** One job's stay at the server. It ends once, by one of these. */
export interface Visit {
  /** The server did its work. */
  succeeded(): void;
  /** The server was not asked. */
  left(): void;
  /**
   * The server did not do its work: a ServerError counts against it, a ReplyError says that it is there, anything else
   * nothing. True where the job itself is suspect, because the server could be reached and had worked until then.
   */
  failed(job: string, error: Error): boolean;
}

/** So many different jobs failing in a row are the server's fault. A refused connection is at once. */
const DISTINCT_JOBS = 2;
/** A server that asks for more patience than this is asked again anyway. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

interface Outage {
  readonly reason: ServerError;
  /** When the next probe may go, in monotonic milliseconds. */
  readonly until: number;
  /** How many probes have failed, and one. */
  readonly failures: number;
}

export class ServerGate {
  readonly #clock: Clock;
  /** The callers and how many requests at once each allows; the least of them holds. */
  readonly #callers = new Map<Caller, number>();
  /** Jobs that have failed since the last success. */
  readonly #failing = new Set<string>();
  #outage: Outage | null = null;
  #inside = 0;
  /** Whether the last that the server did was to succeed. */
  #works = false;
  /** When it was last found to be there, in monotonic milliseconds. */
  #seen = Number.NEGATIVE_INFINITY;
  #pumping = false;
  #cancelProbe = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why nothing but a probe is let in; null while the server is thought to work. */
  get outage(): ServerError | null {
    return this.#outage?.reason ?? null;
  }

  /** In how many milliseconds the next probe may go; 0 while the server is thought to work. */
  get closedForMs(): number {
    return this.#outage === null ? 0 : Math.max(this.#outage.until - this.#clock.monotonic(), 0);
  }

  /**
   * For how many milliseconds the server has done nothing but fail: infinite where it has done nothing else since this process
   * began; null where nobody has failed with it since it last did its work.
   */
  get failingForMs(): number | null {
    return this.#failing.size === 0 ? null : this.#clock.monotonic() - this.#seen;
  }

  /** Lets a caller in until the answer is called. */
  join(caller: Caller, concurrency: number): () => void {
    this.#callers.set(caller, concurrency);
    return () => {
      this.#callers.delete(caller);
      if (this.#callers.size > 0) this.pump();
      else this.#cancelProbe();
    };
  }

  /** Starts what there is room for. Callers call it whenever they may have something to start. */
  pump(): void {
    // A job that starts may end in the same breath.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#hasRoom()) {
        const best = this.#bestOffer();
        if (!best) return;
        this.#inside += 1;
        best.start(this.#visit());
      }
    } finally {
      this.#pumping = false;
    }
  }

  #hasRoom(): boolean {
    if (this.#outage === null) return this.#inside < Math.min(...this.#callers.values());
    // One probe at a time; whoever was inside when the outage began may take long to notice.
    if (this.#inside > 0) return false;
    const wait = this.closedForMs;
    this.#cancelProbe();
    if (wait > 0) this.#cancelProbe = this.#clock.after(wait, () => this.pump());
    return wait === 0;
  }

  #bestOffer(): Offer | null {
    let best: { caller: Caller; offer: Offer } | null = null;
    for (const caller of this.#callers.keys()) {
      const offer = caller.offer();
      if (offer && (best === null || offer.priority > best.offer.priority)) best = { caller, offer };
    }
    if (best === null) return null;
    // The one that was served goes to the end, so that nodes with work of the same priority take turns.
    const { caller, offer } = best;
    const concurrency = this.#callers.get(caller) ?? 1;
    this.#callers.delete(caller);
    this.#callers.set(caller, concurrency);
    return offer;
  }

  #visit(): Visit {
    const leave = () => {
      this.#inside -= 1;
      this.pump();
    };
    return {
      succeeded: () => {
        this.#works = true;
        this.#recover();
        leave();
      },
      left: leave,
      failed: (job, error) => {
        const isSuspect = error instanceof ServerError && this.#blame(job, error);
        if (error instanceof ReplyError) this.#recover();
        leave();
        return isSuspect;
      },
    };
  }

  #recover(): void {
    this.#seen = this.#clock.monotonic();
    this.#failing.clear();
    this.#outage = null;
    this.#cancelProbe();
  }

  /** Counts a failure against the server; the answer is whether the job is suspect as well. */
  #blame(job: string, reason: ServerError): boolean {
    const isSuspect = this.#works && !reason.unreachable;
    this.#works = false;
    this.#failing.add(job);
    const isOutage = this.#outage !== null || reason.unreachable || reason.retryAfterMs !== null;
    if (isOutage || this.#failing.size >= DISTINCT_JOBS) this.#close(reason);
    return isSuspect;
  }

  #close(reason: ServerError): void {
    // Several that fail together are one failure.
    const now = this.#clock.monotonic();
    const failures = this.#outage === null ? 1 : this.#outage.failures + (now >= this.#outage.until ? 1 : 0);
    const patience = Math.min(reason.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    this.#outage = { reason, until: now + Math.max(backoffMs(failures), patience), failures };
    for (const caller of this.#callers.keys()) caller.onAway();
  }
}
