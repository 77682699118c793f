/** Which model a server runs, where it says so: vectors of two models must never be compared. */
import { z } from "zod";
import { ServerError } from "../../resilience/errors.ts";
import { jsonIn } from "../../resilience/json.ts";
import type { AiConnection } from "./ai-connection.ts";

/** For so long an answer is believed. A server that is started anew with another model is away for longer. */
const BELIEVED_MS = 60_000;

/** `GET /health` of the servers that have one model; under which name differs. */
const Health = z.object({
  model_id: z.string().min(1).optional().catch(undefined),
  model_name: z.string().min(1).optional().catch(undefined),
  model: z.string().min(1).optional().catch(undefined),
});

export class ModelId {
  readonly #connection: AiConnection;
  readonly #fallback: string;
  #known: { readonly id: string; readonly until: number } | null = null;

  /** `fallback`: what it is called where the server does not say. */
  constructor(connection: AiConnection, fallback: string) {
    this.#connection = connection;
    this.#fallback = fallback;
  }

  /** Throws `ServerError` AI_UNREACHABLE where nothing comes, or the signal's reason. */
  async get(signal: AbortSignal): Promise<string> {
    if (this.#known && performance.now() < this.#known.until) return this.#known.id;
    const answer = await this.#connection.look("health", signal);
    if (answer === null) {
      throw new ServerError("AI_UNREACHABLE", `${this.#connection.name} does not say which model it runs`);
    }
    const { model_id, model_name, model } = Health.safeParse(jsonIn(answer.text)).data ?? {};
    const id = model_id ?? model_name ?? model ?? this.#fallback;
    this.#known = { id, until: performance.now() + BELIEVED_MS };
    return id;
  }
}
