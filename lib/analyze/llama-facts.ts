/** What a language model's server says of itself. */
import { z } from "zod";
import { onlyHealth, type ServerReport } from "../domain/server-report.ts";
import { ServerError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import { LLAMA_APIS, type LlamaApiName, TokenCount } from "./llama-api.ts";
import type { LlamaConnection, Request } from "./llama-connection.ts";

export interface ServerFacts {
  /** Whether it is llama.cpp's own server, which knows more than the interface that others share with it. */
  readonly isLlamaCpp: boolean;
  /** How many tokens the prompt and the answer may have together; null where the server does not say. */
  readonly contextSize: number | null;
  /** How many requests it works on at once; null where it does not say. */
  readonly slots: number | null;
  /** Whether its model takes pictures; null where it does not say. */
  readonly vision: boolean | null;
}

export const UNKNOWN_SERVER: ServerFacts = { isLlamaCpp: false, contextSize: null, slots: null, vision: null };

/** Questions about the server itself take no thinking. */
const TIMEOUT_MS = 5_000;
/** The server, or what it is behind of, may answer later. */
const AWAY: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** No such endpoint. */
const MISSING: ReadonlySet<number> = new Set([404, 405, 501]);
/** The API key is wrong, or missing. */
const DENIED: ReadonlySet<number> = new Set([401, 403]);

/** llama.cpp: of each slot. A server that loads models on demand says 0 while it has none. */
const Props = z.object({
  default_generation_settings: z.object({ n_ctx: TokenCount }),
  total_slots: TokenCount,
  /** Since May 2025. */
  modalities: z.object({ vision: z.boolean() }).nullable().catch(null),
});
/** vLLM adds the size of the context. */
const Models = z.object({ data: z.array(z.object({ id: z.string(), max_model_len: TokenCount })) });
/** llama.cpp says whether each works; until late 2024, by a number. */
const Slots = z.array(
  z.union([
    z.object({ is_processing: z.boolean() }).transform(({ is_processing }) => is_processing),
    z.object({ state: z.int() }).transform(({ state }) => state !== 0),
  ]),
);
const Tokens = z.object({ tokens: z.array(z.unknown()) });

type Ask = Pick<Request, "path" | "body">;

/**
 * Asks llama.cpp's `/props`, else the `/v1/models` of all compatible servers; `model` is the one that will be used, where
 * several are there.
 * @throws ServerError where it is away, loading its model, or does not answer within 5 s
 */
export async function askFacts(
  connection: LlamaConnection,
  model: string | null,
  signal: AbortSignal,
): Promise<ServerFacts> {
  const props = Props.safeParse(await askJson(connection, { path: "/props" }, signal)).data;
  if (props) {
    const { default_generation_settings: settings, total_slots, modalities } = props;
    return {
      isLlamaCpp: true,
      contextSize: settings.n_ctx || null,
      slots: total_slots || null,
      vision: modalities?.vision ?? null,
    };
  }
  const models = Models.safeParse(await askJson(connection, { path: "/v1/models" }, signal)).data?.data ?? [];
  const used = model === null ? models[0] : models.find(({ id }) => id === model);
  return { ...UNKNOWN_SERVER, contextSize: used?.max_model_len || null };
}

/** Whether the server is there and takes our API key. @throws ServerError, ReplyError where it is not, or does not */
export async function askAccess(connection: LlamaConnection, signal: AbortSignal): Promise<void> {
  // An empty request costs nothing, and is refused for what it is only where the key is right.
  const { path } = LLAMA_APIS.chat;
  const { status, text } = await askServer(connection, { path, body: {} }, signal);
  if (DENIED.has(status)) throw connection.refused({ status, retryAfterMs: null, text }, path);
}

/** Which of its endpoints the server has; chat goes first. @throws ServerError as `askFacts` */
export async function askApi(connection: LlamaConnection, signal: AbortSignal): Promise<LlamaApiName> {
  // An empty request is refused where the endpoint is, and costs nothing.
  const { status } = await askServer(connection, { path: LLAMA_APIS.chat.path, body: {} }, signal);
  return MISSING.has(status) ? "completion" : "chat";
}

/** How many tokens a text is to the model; null where the server has no such endpoint. @throws ServerError as `askFacts` */
export async function askTokens(
  connection: LlamaConnection,
  text: string,
  signal: AbortSignal,
): Promise<number | null> {
  // llama.cpp takes `content`, vLLM `prompt`.
  const reply = await askJson(connection, { path: "/tokenize", body: { content: text, prompt: text } }, signal);
  return Tokens.safeParse(reply).data?.tokens.length ?? null;
}

/**
 * How the server is. llama.cpp answers 503 while it loads its model, and tells of its slots unless it was started with
 * `--no-slots`. Throws the signal's reason.
 */
export async function askReport(connection: LlamaConnection, signal: AbortSignal): Promise<ServerReport> {
  try {
    const { status } = await askServer(connection, { path: "/health" }, signal);
    if (status >= 300) return onlyHealth(MISSING.has(status) ? "unknown" : "failing");
    const slots = Slots.safeParse(await askJson(connection, { path: "/slots" }, signal)).data;
    const busy = slots?.filter((isProcessing) => isProcessing).length ?? 0;
    return { health: "ready", gpu: null, slots: slots ? { busy, total: slots.length } : null };
  } catch (thrown) {
    signal.throwIfAborted();
    return onlyHealth(thrown instanceof ServerError && thrown.code === "LLM_BUSY" ? "warming" : "failing");
  }
}

/** The reply's JSON; undefined where it is none, or a refusal. */
async function askJson(connection: LlamaConnection, ask: Ask, signal: AbortSignal): Promise<unknown> {
  const { status, text } = await askServer(connection, ask, signal);
  return status < 300 ? jsonIn(text) : undefined;
}

async function askServer(connection: LlamaConnection, ask: Ask, signal: AbortSignal) {
  return connection.ask({ ...ask, timeoutMs: TIMEOUT_MS, signal, beside: true }, async (answer) => {
    const { status, retryAfterMs, body } = answer;
    const text = await body.text();
    if (AWAY.has(status)) throw connection.refused({ status, retryAfterMs, text }, ask.path);
    return { status, text };
  });
}
