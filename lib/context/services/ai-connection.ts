/** The way to an AI service: through its server's gate, in as much time as there is, and once more where a connection broke. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import { ServerError } from "../../resilience/errors.ts";
import { GatedServer } from "../../resilience/gated-server.ts";
import { type Answer, type Body, ServerConnection } from "../../resilience/server-connection.ts";
import type { ServerGate } from "../../resilience/server-gate.ts";
import type { Call } from "./service.ts";

/** A vector takes 20 kB, and a depth map that nobody asked for a few hundred. */
const MAX_REPLY_BYTES = 2 * 1024 * 1024;
/** A server that gets one picture at a time idles while the next one is on its way. */
export const CONCURRENCY = 2;
/** Nobody waits for a probe, and a server may have to load its model first. */
const PROBE_TIMEOUT_MS = 30_000;
/** By how much a call that is under way is late before those that still wait for their turn. */
const GRACE_MS = 20;

/** 64 x 64 pixels of grey, as a PNG: what a server is asked about to find out whether it is back. */
export const GREY = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAMAAACdt4HsAAAAA1BMVEWAgICQdD0xAAAAG0lEQVRYhe3BgQAAAADDoPlT3+AEVQEAAAB0DRBAAAGx1LfoAAAAAElFTkSuQmCC",
  "base64",
);

export interface AiServerOptions {
  /** Where it listens. */
  readonly url: string;
  /** Shared by all that call this server. */
  readonly gate: ServerGate;
  /** Called when it was found to be away, or back. */
  readonly onChange?: () => void;
}

/** What is asked about a picture. */
export interface Question {
  readonly path: string;
  readonly picture: Buffer;
  readonly body: Body;
}

/** What an interface knows of its servers. */
export interface AiInterface {
  /** For people: `Florence-2 server`. */
  readonly name: string;
  readonly example: string;
  /** About the grey picture, and what the answer must be like. */
  readonly probe: Question & { readonly reply: z.ZodType };
}

export class AiConnection {
  readonly #server: ServerConnection;
  readonly #probe: AiInterface["probe"];
  readonly #gated: GatedServer;

  /** Throws `ConfigError` AI_URL. */
  constructor({ name, example, probe }: AiInterface, { url, gate, onChange = () => {} }: AiServerOptions) {
    this.#server = new ServerConnection(
      { code: "AI", name, answers: "what it was asked for", example },
      { url, timeoutMs: PROBE_TIMEOUT_MS, concurrency: CONCURRENCY, maxReplyBytes: MAX_REPLY_BYTES },
    );
    this.#probe = probe;
    this.#gated = new GatedServer({ gate, concurrency: CONCURRENCY, probe: (signal) => this.probe(signal), onChange });
  }

  get name(): string {
    return this.#server.name;
  }

  get outage(): ServerError | null {
    return this.#gated.outage;
  }

  /**
   * Asks when it is its turn, and has `understand` read the reply. Throws at once where the server is thought to be away;
   * else as `ServerConnection` does, with codes that begin with AI, or what `understand` throws.
   */
  async ask<T, R>(
    question: Question,
    schema: z.ZodType<T>,
    understand: (reply: T) => R,
    { timeoutMs, signal }: Call,
  ): Promise<R> {
    const end = performance.now() + timeoutMs;
    const late = AbortSignal.timeout(Math.ceil(timeoutMs) + GRACE_MS);
    const work = async (either: AbortSignal) => {
      const answer = await this.#post(question, end, either);
      return understand(this.#server.parse(answer, schema));
    };
    try {
      return await this.#gated.call(keyOf(question), work, AbortSignal.any([signal, late]));
    } catch (thrown) {
      signal.throwIfAborted();
      if (!late.aborted) throw thrown;
      throw new ServerError("AI_TIMEOUT", `${this.name} was too busy for ${timeoutMs / 1000} s`, { cause: thrown });
    }
  }

  /** Asks about the grey picture, past the gate. Throws as `ask` does. */
  async probe(signal: AbortSignal): Promise<void> {
    const { path, body, reply } = this.#probe;
    this.#server.parse(await this.#server.post(path, body, signal), reply);
  }

  /** Gets something small, such as the server's health; null where nothing comes. Throws the signal's reason. */
  async look(path: string, signal: AbortSignal): Promise<Answer | null> {
    return this.#server.look(path, signal);
  }

  async close(): Promise<void> {
    this.#gated.close();
    await this.#server.close();
  }

  /** A server may close a connection in the moment in which it is used again. */
  async #post({ path, body }: Question, end: number, signal: AbortSignal): Promise<Answer> {
    const send = () => this.#server.post(path, body, signal, Math.max(1, Math.round(end - performance.now())));
    try {
      return await send();
    } catch (error) {
      const broke = error instanceof ServerError && error.code === "AI_UNREACHABLE" && !error.unreachable;
      if (!broke) throw error;
      return send();
    }
  }
}

/** A question as the services take it that speak JSON: with the picture as base64. */
export function jsonQuestion(path: string, picture: Buffer, rest: Readonly<Record<string, unknown>> = {}): Question {
  const json = Buffer.from(JSON.stringify({ image: picture.toString("base64"), ...rest }));
  const headers = { "content-type": "application/json", "content-length": String(json.length) };
  return { path, picture, body: { headers, pieces: [json] } };
}

/** What fails again about the same picture says nothing new of the server. */
function keyOf({ picture }: Question): string {
  return createHash("sha256").update(picture).digest("base64");
}
