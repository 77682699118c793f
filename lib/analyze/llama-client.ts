/** Asks a language model's server for a verdict: llama.cpp's, or another that is compatible with OpenAI's. */
import type { ServerReport } from "../domain/server-report.ts";
import { type Clock, systemClock } from "../resilience/clock.ts";
import { ReplyError, ServerError } from "../resilience/errors.ts";
import { LLAMA_APIS, type LlamaApiName, type Question } from "./llama-api.ts";
import { LlamaConnection } from "./llama-connection.ts";
import { askApi, askFacts, askReport, askTokens, type ServerFacts, UNKNOWN_SERVER } from "./llama-facts.ts";
import { type Completion, readCompletion } from "./llama-reply.ts";
import type { Prompt } from "./prompts/prompt.ts";
import { schemaProof } from "./schema-proof.ts";
import { verdictJsonSchema } from "./verdict.ts";

export interface LlamaOptions {
  /** The server's address, with or without `/v1`: `http://192.168.1.10:8080`. */
  readonly url: string;
  /** The endpoint; `auto`: the one that the server has, chat if it has both. */
  readonly api: LlamaApiName | "auto";
  /** For servers that hold several; null asks for none in particular. */
  readonly model: string | null;
  readonly apiKey: string | null;
  /** Milliseconds that one answer may take once the server has the request. */
  readonly timeoutMs: number;
  /** Milliseconds that may pass between two tokens of an answer. */
  readonly stallMs: number;
  /** The longest verdict, in tokens. */
  readonly maxTokens: number;
  /** Requests at a time; further ones wait here, and their time does not run yet. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** What is known of the server, or how far it has got, has changed. */
  readonly onChange?: () => void;
}

/**
 * Two minutes suit a large model on a CPU. The schema allows a verdict of 3500 characters: about 900 tokens of English,
 * more in other languages; most take a quarter of it. A home server mostly answers one request at a time.
 */
export const LLAMA_DEFAULTS = {
  timeoutMs: 120_000,
  stallMs: 30_000,
  maxTokens: 1536,
  concurrency: 1,
  clock: systemClock,
} as const;

/** What the model wrote, before anybody has looked whether it is a verdict. */
export interface LlamaReply extends Completion {
  /** From the question to the last token, in whole milliseconds, waiting included. */
  readonly latencyMs: number;
}

export class LlamaClient {
  /** The model that is asked for. */
  readonly model: string | null;
  readonly #options: LlamaOptions;
  readonly #connection: LlamaConnection;
  readonly #closing = new AbortController();
  /** Answers that are being written: the tokens of each so far. */
  readonly #writing = new Set<{ tokens: number }>();
  #api: LlamaApiName;
  #facts: ServerFacts = UNKNOWN_SERVER;
  #schemaEnforced: boolean | null = null;
  /** It has refused one, whatever it says of itself. */
  #refusesPictures = false;
  /** As the server named it last. */
  #lastModel: string | null = null;
  /** Set while what is known of the server holds. */
  #isKnown = false;
  #asking: Promise<void> | null = null;
  #proof = new AbortController();
  #mayCount = true;

  /** @throws ConfigError `LLM_URL`, `LLM_API_KEY` */
  constructor(options: LlamaOptions) {
    this.model = options.model;
    this.#options = options;
    this.#api = options.api === "auto" ? "chat" : options.api;
    this.#connection = new LlamaConnection(options);
  }

  /** How many tokens a prompt and its answer may have together; null where nobody knows. */
  get contextSize(): number | null {
    return this.#facts.contextSize;
  }

  /** How many requests the server works on at once; null where nobody knows. */
  get slots(): number | null {
    return this.#facts.slots;
  }

  /** Whether the server was seen to hold its model to a JSON schema; null where that is not known, or not any more. */
  get schemaEnforced(): boolean | null {
    return this.#schemaEnforced;
  }

  /**
   * Whether a prompt may have pictures: the chat endpoint is used, and the model takes them; null where the server does not
   * say, and has not refused one yet.
   */
  get takesPictures(): boolean | null {
    return this.#api === "completion" || this.#refusesPictures ? false : this.#facts.vision;
  }

  /** The tokens so far of the answers that are being written. */
  get tokensUnderWay(): number {
    return [...this.#writing].reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /**
   * Finds out what the server is, unless that is known and it has neither been away nor changed its model since. Takes
   * seconds at most, and never rejects: of a server that is away nothing is known. Whether it enforces the schema is found
   * out beside.
   */
  ready(): Promise<void> {
    if (this.#isKnown) return Promise.resolve();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** The server's, with `/v1` left out. */
  get address(): string {
    return this.#connection.address;
  }

  /** How the server is, and how many of its slots work. Takes seconds at most. Rejects with the signal's reason only. */
  look(signal: AbortSignal): Promise<ServerReport> {
    return askReport(this.#connection, AbortSignal.any([signal, this.#closing.signal]));
  }

  /**
   * Has the model judge. Rejects with the signal's reason as soon as it is aborted. `onProgress` is told how many tokens
   * have come, thinking included; nothing where the server does not stream.
   * @throws ServerError `LLM_UNREACHABLE`, `LLM_TIMEOUT`, `LLM_STALLED`, `LLM_BUSY`, `LLM_FAILED`, or `LLM_REPLY` where
   *   what answers is not such a server
   * @throws ContextError `LLM_CONTEXT` for a prompt that is too long
   * @throws ReplyError `LLM_NO_PICTURES` where it takes no pictures, `LLM_REFUSED` for another request the server does not
   *   take, `LLM_REPLY_UNUSABLE` for an answer that the server itself does not understand
   */
  async judge(prompt: Prompt, signal: AbortSignal, onProgress?: (tokens: number) => void): Promise<LlamaReply> {
    const { maxTokens, clock, onChange } = this.#options;
    const began = clock.monotonic();
    const writing = { tokens: 0 };
    this.#writing.add(writing);
    try {
      const question = { prompt, schema: { name: "verdict", schema: verdictJsonSchema }, maxTokens };
      const reply = await this.#complete(question, signal, false, (tokens) => {
        writing.tokens = tokens;
        onProgress?.(tokens);
        onChange?.();
      });
      this.#meet(reply.model);
      return { ...reply, model: reply.model ?? this.model, latencyMs: Math.round(clock.monotonic() - began) };
    } catch (error) {
      if (error instanceof ServerError) this.#forget();
      if (error instanceof ReplyError && error.code === "LLM_NO_PICTURES") {
        this.#refusesPictures = true;
        onChange?.();
      }
      throw error;
    } finally {
      this.#writing.delete(writing);
    }
  }

  /** How many tokens a text is, without what the chat template adds; null where the server does not say. Never rejects. */
  async countTokens(text: string): Promise<number | null> {
    if (!this.#mayCount) return null;
    try {
      const count = await askTokens(this.#connection, text, this.#closing.signal);
      this.#mayCount = count !== null;
      return count;
    } catch {
      return null;
    }
  }

  /** Ends every request that is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#connection.close();
    await this.#asking;
  }

  async #complete(
    question: Pick<Question, "prompt" | "schema" | "maxTokens">,
    signal: AbortSignal,
    beside: boolean,
    onProgress: (tokens: number) => void = () => {},
  ): Promise<Completion> {
    const { timeoutMs, stallMs } = this.#options;
    const api = LLAMA_APIS[this.#api];
    const body = api.body({ ...question, model: this.model, isLlamaCpp: this.#facts.isLlamaCpp });
    const connection = this.#connection;
    return connection.ask({ path: api.path, body, timeoutMs, signal, beside }, (answer) =>
      readCompletion(answer, { connection, api, stallMs, signal, onProgress }),
    );
  }

  async #ask(): Promise<void> {
    const { api, onChange } = this.#options;
    const { signal } = this.#closing;
    try {
      this.#facts = await askFacts(this.#connection, this.model, signal);
      if (api === "auto") this.#api = await askApi(this.#connection, signal);
    } catch {
      // It is away: judging tells why, and the next to call asks again.
      return;
    }
    this.#isKnown = true;
    this.#mayCount = true;
    onChange?.();
    void this.#prove();
  }

  /** Never rejects. */
  async #prove(): Promise<void> {
    this.#proof.abort();
    const proof = new AbortController();
    this.#proof = proof;
    const { question, judge } = schemaProof();
    try {
      const completion = await this.#complete(question, AbortSignal.any([proof.signal, this.#closing.signal]), true);
      this.#lastModel = completion.model ?? this.#lastModel;
      this.#schemaEnforced = judge(completion);
    } catch (error) {
      if (proof.signal.aborted) return;
      // A server that refuses the question will do so again.
      if (error instanceof ServerError) this.#isKnown = false;
    }
    this.#options.onChange?.();
  }

  /** Another model has answered than the last time: what was found out holds no more. */
  #meet(model: string | null): void {
    const isOther = model !== null && this.#lastModel !== null && model !== this.#lastModel;
    this.#lastModel = model ?? this.#lastModel;
    if (!isOther) return;
    this.#forget();
    void this.ready();
  }

  #forget(): void {
    this.#isKnown = false;
    this.#schemaEnforced = null;
    this.#refusesPictures = false;
    this.#proof.abort();
  }
}
