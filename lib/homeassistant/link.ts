/** One connection to Home Assistant: kept up for ever, and usable once Home Assistant itself has started. */
import { Connection, ERR_CONNECTION_LOST, type MessageBase } from "home-assistant-js-websocket";
import { z } from "zod";
import { backoffMs } from "../resilience/backoff.ts";
import { asError, ReplyError, ServerError, VigilError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { openSocket, type SocketOptions } from "./socket.ts";

export interface HomeAssistantLinkOptions extends SocketOptions {
  readonly logger: Logger;
}

/**
 * `connecting`: for the first time, or while Home Assistant itself is starting. `refused`: the token is. In the last two it
 * keeps trying.
 */
export type HomeAssistantState = "connecting" | "connected" | "unreachable" | "refused";

export interface RequestOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A house waits for no notification longer than this once its Home Assistant is back. */
const LONGEST_WAIT_MS = 10_000;
/** Each refused login leaves a notification in Home Assistant, and may get this machine banned there. */
const REFUSED_MS = 30 * 60_000;
const REQUEST_MS = 10_000;
/** A Home Assistant that lost its power says nothing; without traffic nobody would notice. */
const HEARTBEAT_MS = 30_000;
/** While Home Assistant starts, most of its entities and services are not there yet. */
const STARTING_MS = 2_000;

const CoreConfig = z.object({ state: z.string() });
const Refusal = z.object({ code: z.string(), message: z.string().default("no reason given") });
/** What will not go better next time. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set([
  "invalid_format",
  "not_found",
  "service_validation_error",
  "unauthorized",
  "unknown_command",
]);

/** What lasts as long as one connection. */
interface Session {
  readonly connection: Connection;
  readonly signal: AbortSignal;
}

export class HomeAssistantLink {
  readonly #options: HomeAssistantLinkOptions;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  readonly #stateListeners = new Set<(state: HomeAssistantState) => void>();
  readonly #connectListeners = new Set<() => Promise<void>>();
  /** What was logged since the last connection. */
  readonly #reported = new Set<string>();
  #state: HomeAssistantState = "connecting";
  #session: Session | null = null;

  /** Starts connecting in the background. */
  constructor(options: HomeAssistantLinkOptions) {
    this.#options = options;
    this.#ended = this.#keepUp();
  }

  get state(): HomeAssistantState {
    return this.#state;
  }

  /** Scheme, host and port. */
  get name(): string {
    return this.#options.name;
  }

  /** Calls back on each change of `state`. The answer ends it. */
  onState(listener: (state: HomeAssistantState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Calls back on each connection from now on: subscriptions last no longer than one. Its failure is logged. */
  onConnect(listener: () => Promise<void>): void {
    this.#connectListeners.add(listener);
  }

  /** Resolves while or as soon as Home Assistant is connected; rejects with the signal's reason. */
  async untilConnected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state === "connected") return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    const stop = this.onState((state) => state === "connected" && resolve());
    await promise.finally(() => {
      stop();
      signal.removeEventListener("abort", abort);
    });
  }

  /**
   * Asks Home Assistant, ten seconds long unless told otherwise; the answer is `result` as it came.
   * @throws ServerError `HA_OFFLINE`, `HA_TIMEOUT`, `HA_FAILED`
   * @throws ReplyError `HA_REFUSED` where asking again would not help
   */
  async request(message: MessageBase, options: RequestOptions = {}): Promise<unknown> {
    return this.#ask((connection) => connection.sendMessagePromise<unknown>({ ...message }), options);
  }

  /** Starts a subscription, which ends with the connection. Rejects as `request` does. */
  async subscribe(message: MessageBase, listener: (event: unknown) => void): Promise<void> {
    const guarded = (event: unknown) => this.#call(() => listener(event));
    await this.#ask((connection) => connection.subscribeMessage(guarded, { ...message }), {});
  }

  /** Logs a problem, unless it was logged since the last connection. */
  report(problem: string, level: "warn" | "error" = "warn"): void {
    if (this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.#options.logger[level](problem);
  }

  /** Ends the connection and what is asked on it, at once. Closing twice is closing once. */
  async close(): Promise<void> {
    this.#closing.abort(this.#offline("is not connected any more: the node is closing"));
    await this.#ended;
  }

  async #keepUp(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; failures += 1) {
      const wasUp = () => {
        failures = 0;
      };
      const error = asError(await this.#connect(wasUp).catch((thrown: unknown) => thrown));
      if (this.#closing.signal.aborted) return;
      const isRefused = error instanceof ReplyError;
      this.report(error.message, isRefused ? "error" : "warn");
      this.#enter(isRefused ? "refused" : "unreachable");
      await this.#pause(
        isRefused ? REFUSED_MS : Math.min(backoffMs(failures + 1), LONGEST_WAIT_MS),
        this.#closing.signal,
      );
    }
  }

  /** One connection, from its opening to its end, which is the error that it rejects with. */
  async #connect(wasUp: () => void): Promise<never> {
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, ending.signal]);
    try {
      const socket = await openSocket(this.#options, signal);
      // Never to reconnect by itself: it would give up where a token is refused, and end the process where a subscription
      // is refused that was taken before.
      const connection = new Connection(socket, { setupRetry: 0, createSocket: async () => socket });
      connection.addEventListener("disconnected", () => {
        connection.close();
        ending.abort(this.#offline("closed the connection, or sent what is not Home Assistant's protocol"));
      });
      this.#session = { connection, signal };
      return await this.#live(wasUp, signal);
    } finally {
      this.#session = null;
      ending.abort(this.#offline("is not connected any more"));
    }
  }

  async #live(wasUp: () => void, signal: AbortSignal): Promise<never> {
    this.#enter("connecting");
    await this.#untilStarted(signal);
    wasUp();
    this.#reported.clear();
    this.#options.logger.info(`${this.name}: connected`);
    this.#enter("connected");
    for (const listener of this.#connectListeners) {
      void listener().catch((error) => signal.aborted || this.report(asError(error).message));
    }
    for (;;) {
      await this.#pause(HEARTBEAT_MS, signal);
      signal.throwIfAborted();
      await this.request({ type: "ping" });
    }
  }

  async #untilStarted(signal: AbortSignal): Promise<void> {
    for (;;) {
      const config = CoreConfig.safeParse(await this.request({ type: "get_config" }));
      if (!config.success) throw new ServerError("HA_REPLY", `${this.name} does not say whether it has started`);
      if (config.data.state === "RUNNING") return;
      await this.#pause(STARTING_MS, signal);
      signal.throwIfAborted();
    }
  }

  async #ask<T>(ask: (connection: Connection) => Promise<T>, { timeoutMs = REQUEST_MS, signal }: RequestOptions) {
    if (this.#session === null) throw this.#offline("is not connected");
    const { connection, signal: lost } = this.#session;
    const ended = signal ? AbortSignal.any([lost, signal]) : lost;
    ended.throwIfAborted();
    const { promise: given, reject } = Promise.withResolvers<never>();
    const abort = () => reject(ended.reason);
    ended.addEventListener("abort", abort);
    const cancel = this.#options.clock.after(timeoutMs, () =>
      reject(new ServerError("HA_TIMEOUT", `${this.name} did not answer within ${timeoutMs / 1000} s`)),
    );
    try {
      return await Promise.race([ask(connection), given]);
    } catch (thrown) {
      throw this.#explain(thrown);
    } finally {
      cancel();
      ended.removeEventListener("abort", abort);
    }
  }

  /** The library throws numbers, and what Home Assistant sent. */
  #explain(thrown: unknown): Error {
    if (thrown instanceof VigilError) return thrown;
    const refusal = Refusal.safeParse(thrown);
    if (!refusal.success) {
      const what = thrown === ERR_CONNECTION_LOST ? "is not connected any more" : "did not answer to the end";
      return this.#offline(what);
    }
    const { code, message } = refusal.data;
    const what = `${this.name} refused what was asked: ${message} (${code})`;
    return FINAL_REFUSALS.has(code) ? new ReplyError("HA_REFUSED", what) : new ServerError("HA_FAILED", what);
  }

  #offline(what: string): ServerError {
    return new ServerError("HA_OFFLINE", `${this.name} ${what}`);
  }

  #enter(state: HomeAssistantState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#stateListeners]) this.#call(() => listener(state));
  }

  /** What a listener throws would end the process. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.logger.error(`A listener to ${this.name} failed: ${asError(error).message}`);
    }
  }

  /** Also ends when the signal is aborted. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const cancel = this.#options.clock.after(ms, end);
    signal.addEventListener("abort", end);
    await promise;
    cancel();
    signal.removeEventListener("abort", end);
  }
}
