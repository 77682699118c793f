/** Calls to a server that nobody waits for while it is away: then only a harmless question of our own finds out whether it is back. */
import { asError, type ServerError } from "./errors.ts";
import type { Caller, Offer, ServerGate, Visit } from "./server-gate.ts";

export interface GatedServerOptions {
  /** Shared with all others that call this server. */
  readonly gate: ServerGate;
  /** Calls at once. */
  readonly concurrency: number;
  /** Asks the server something that is nobody's work, of the kind that it is there for. Throws as such work does. */
  probe(signal: AbortSignal): Promise<unknown>;
  /** Called when the server was found to be away, or back. Must not throw. */
  onChange(): void;
}

interface Waiting {
  enter(visit: Visit): void;
  giveUp(reason: unknown): void;
}

export class GatedServer implements Caller {
  readonly #gate: ServerGate;
  readonly #probe: GatedServerOptions["probe"];
  readonly #onChange: () => void;
  readonly #waiting = new Set<Waiting>();
  readonly #closing = new AbortController();
  readonly #leave: () => void;

  constructor({ gate, concurrency, probe, onChange }: GatedServerOptions) {
    this.#gate = gate;
    this.#probe = probe;
    this.#onChange = onChange;
    this.#leave = gate.join(this, concurrency);
  }

  /** Why a call would fail at once; null while the server is thought to work. */
  get outage(): ServerError | null {
    return this.#gate.outage;
  }

  /**
   * Does the work when it is its turn. `job` tells it from other work: one that fails alone is not the server's fault.
   * Throws at once, with why the server is thought to be away, where it is; else what the work throws, or the signal's
   * reason.
   */
  async call<T>(job: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const visit = await this.#enter(either);
    try {
      const result = await work(either);
      visit.succeeded();
      return result;
    } catch (thrown) {
      if (either.aborted) visit.left();
      else visit.failed(job, asError(thrown));
      throw thrown;
    }
  }

  offer(): Offer | null {
    if (this.outage) return { priority: 0, start: (visit) => void this.#tryAgain(visit) };
    const [first] = this.#waiting;
    return first ? { priority: 0, start: (visit) => first.enter(visit) } : null;
  }

  onAway(): void {
    for (const each of this.#waiting) each.giveUp(this.outage);
    this.#onChange();
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort(new Error("closed"));
    this.#leave();
  }

  async #enter(signal: AbortSignal): Promise<Visit> {
    signal.throwIfAborted();
    if (this.outage) throw this.outage;
    const { promise, resolve, reject } = Promise.withResolvers<Visit>();
    // It leaves the queue in the same breath: the gate goes on asking for the next.
    const waiting: Waiting = {
      enter: (visit) => {
        this.#waiting.delete(waiting);
        resolve(visit);
      },
      giveUp: (reason) => {
        this.#waiting.delete(waiting);
        reject(reason);
      },
    };
    const abort = () => waiting.giveUp(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.add(waiting);
    this.#gate.pump();
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  async #tryAgain(visit: Visit): Promise<void> {
    try {
      await this.#probe(this.#closing.signal);
      visit.succeeded();
      this.#onChange();
    } catch (thrown) {
      if (this.#closing.signal.aborted) visit.left();
      else visit.failed("probe", asError(thrown));
    }
  }
}
