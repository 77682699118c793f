/** Reads what a model answers, in one piece or token by token. */
import { ServerError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import { eventData } from "./event-stream.ts";
import type { Facts, LlamaApi, Piece } from "./llama-api.ts";
import type { Answer, LlamaConnection } from "./llama-connection.ts";
import { refusalIn } from "./llama-errors.ts";

/** What the model wrote, before anybody has looked whether it is a verdict. */
export interface Completion extends Facts {
  readonly content: string;
  /** The model was still writing when it reached the token limit. */
  readonly isCut: boolean;
}

export interface Reading {
  readonly connection: LlamaConnection;
  readonly api: LlamaApi;
  /** Milliseconds that may pass between two tokens. The first may take as long as the whole: the prompt is read before. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Told the number of tokens that have come. */
  onProgress(tokens: number): void;
}

/** The mark after a stream's last event; not all servers send it. */
const DONE = "[DONE]";
/** A server that has said all there is to say has so long to end its reply. */
const FAREWELL_MS = 1_000;

/**
 * Reads a whole answer. A stream counts as whole when the model has ended its text, whatever becomes of the connection
 * then.
 * @throws ServerError, ReplyError for a refusal, at first or in the middle; `LLM_FAILED` for a stream that ends too soon;
 *   `LLM_REPLY` for what is no answer of such a server
 */
export async function readCompletion(answer: Answer, reading: Reading): Promise<Completion> {
  const { connection, api } = reading;
  const { status, retryAfterMs } = answer;
  if (answer.isEventStream && status < 300) return readStream(answer, reading);
  const text = await answer.body.text();
  if (status >= 300) throw connection.refused({ status, retryAfterMs, text }, api.path);
  const completion = completionOf([pieceOf(text, reading)]);
  if (!completion) throw connection.unlike(text, api.path);
  return completion;
}

async function readStream(answer: Answer, reading: Reading): Promise<Completion> {
  const { connection, signal, stallMs, onProgress } = reading;
  const pieces: Piece[] = [];
  let tokens = 0;
  let ended = false;
  try {
    for await (const data of eventData(answer.body)) {
      if (data === DONE) continue;
      const piece = pieceOf(data, reading);
      pieces.push(piece);
      ended ||= piece.end !== null;
      if (piece.isToken) onProgress(++tokens);
      if (ended) answer.expectWithin(FAREWELL_MS);
      else if (tokens > 0) answer.expectWithin(stallMs);
    }
  } catch (error) {
    if (!ended || signal.aborted) throw error;
  }
  const completion = completionOf(pieces);
  if (completion) return completion;
  throw new ServerError(
    "LLM_FAILED",
    `The language model at ${connection.address} ended its answer before it was complete`,
  );
}

function pieceOf(text: string, { connection, api }: Reading): Piece {
  const value = jsonIn(text);
  const refusal = refusalIn(value);
  if (refusal) throw connection.refused(refusal, api.path);
  const piece = api.piece.safeParse(value);
  if (!piece.success) throw connection.unlike(text, api.path);
  return piece.data;
}

/** What the pieces are together; undefined where none is the end. */
function completionOf(pieces: readonly Piece[]): Completion | undefined {
  const end = pieces.findLast((piece) => piece.end !== null)?.end;
  if (!end) return undefined;
  const last = <K extends keyof Facts>(name: K): Facts[K] | null =>
    pieces.findLast(({ facts }) => facts[name] !== null)?.facts[name] ?? null;
  return {
    content: pieces.map(({ text }) => text).join(""),
    isCut: end === "cut",
    model: last("model"),
    promptTokens: last("promptTokens"),
    completionTokens: last("completionTokens"),
    cachedTokens: last("cachedTokens"),
  };
}
