/** A node's language model, as its form names it. */
import { LLAMA_DEFAULTS, LlamaClient, type LlamaOptions } from "../analyze/llama-client.ts";
import type { Logger } from "../resilience/logger.ts";
import { ModelServerLog } from "./model-server-log.ts";

export interface ModelConfig extends Pick<LlamaOptions, "url" | "api" | "concurrency"> {
  /** Empty for none in particular, as is the key. */
  readonly model: string;
  readonly apiKey: string;
  /** Milliseconds, both. */
  readonly timeout: number;
  readonly stall: number;
  /** How many it is shown, at most. */
  readonly pictures: number;
}

/**
 * The client of its server, which says in the log what it finds out; null where no server is named: rules judge then.
 * Throws as `LlamaClient` does.
 */
export function connectModel(config: ModelConfig, logger: Logger, onChange: () => void): LlamaClient | null {
  const { url, api, model, apiKey, timeout, stall, concurrency, pictures } = config;
  if (url === "") return null;
  const log = new ModelServerLog({ logger, concurrency, hasPictures: pictures > 0 });
  const client = new LlamaClient({
    ...LLAMA_DEFAULTS,
    url,
    api,
    model: model || null,
    apiKey: apiKey || null,
    timeoutMs: timeout,
    stallMs: stall,
    concurrency,
    onChange: () => {
      log.look(client);
      onChange();
    },
  });
  return client;
}
