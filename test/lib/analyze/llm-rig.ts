/** Clients and the server of our own that they ask. */
import { ok } from "node:assert/strict";
import { LLAMA_DEFAULTS, LlamaClient, type LlamaOptions } from "../../../lib/analyze/llama-client.ts";
import { VigilError } from "../../../lib/resilience/errors.ts";
import { type LlmServer, type LlmServerOptions, startLlmServer } from "../../support/llm-server.ts";

export const PROMPT = { system: "You judge.", user: "A person." };
export const VERDICT = { reasoning: "A person by day.", summary: "A visitor.", risk_score: 7, recommended_action: "" };
export const APIS = ["chat", "completion"] as const;
export const never = () => new AbortController().signal;

export class LlmRig {
  server: LlmServer;
  readonly #clients: LlamaClient[] = [];

  private constructor(server: LlmServer) {
    this.server = server;
  }

  static async start(): Promise<LlmRig> {
    const rig = new LlmRig(await startLlmServer());
    rig.server.answer(VERDICT);
    return rig;
  }

  /** Another server in place of the one before. */
  async serve(options: LlmServerOptions): Promise<void> {
    await this.server.close();
    this.server = await startLlmServer(options);
    this.server.answer(VERDICT);
  }

  connect(options: Partial<LlamaOptions> = {}): LlamaClient {
    const base = { url: this.server.url, api: "chat", model: null, apiKey: null, ...LLAMA_DEFAULTS } as const;
    const client = new LlamaClient({ ...base, ...options });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close();
  }
}

/** What judging fails with. */
export async function failure(client: LlamaClient): Promise<VigilError> {
  try {
    await client.judge(PROMPT, never());
  } catch (error) {
    ok(error instanceof VigilError, String(error));
    return error;
  }
  throw new Error("it should have failed");
}
