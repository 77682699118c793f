/** An enrichment service: what somebody does and wears, what kind of vehicle or pet it is; alone or behind the gateway. */
import { ReplyError } from "../../resilience/errors.ts";
import { AiConnection, type AiServerOptions, GREY, jsonQuestion } from "./ai-connection.ts";
import { EMBED_TIMEOUT_MS, type Embedder, type Embedding, embeddingOf } from "./embedder.ts";
import { EnrichReply, findingsOf } from "./enrichment-reply.ts";
import type { AiService, Call, Crop, Findings, Task } from "./service.ts";

/** All that the gateway knows of animals, by a detector's labels. */
const GATEWAY_ANIMALS: readonly string[] = ["cat", "dog"];

/** The service that stands alone wants a box, and cuts it to the picture, which here is all of the thing. */
const WHOLE = { x1: 0, y1: 0, x2: 10_000, y2: 10_000 } as const;

const ENRICHMENT = {
  name: "enrichment service",
  example: "http://192.168.1.10:8094",
  probe: { ...questionOf("vehicle", GREY), reply: EnrichReply },
} as const;

export interface EnrichmentOptions extends AiServerOptions {
  /** What its model for persons is called, which it does not say itself. */
  readonly modelId: string;
}

export class EnrichmentServer implements AiService, Embedder {
  readonly #connection: AiConnection;
  readonly #modelId: string;

  /** Throws `ConfigError` AI_URL. */
  constructor({ modelId, ...options }: EnrichmentOptions) {
    this.#connection = new AiConnection(ENRICHMENT, options);
    this.#modelId = modelId;
  }

  get name() {
    return this.#connection.name;
  }

  get outage() {
    return this.#connection.outage;
  }

  async ask(_task: Task, { jpeg, label, group }: Crop, call: Call): Promise<Findings> {
    const end = performance.now() + call.timeoutMs;
    const reply = await this.#enrich(group ?? "object", jpeg, call);
    const kind = label.toLowerCase();
    if (!reply.isGateway || group !== "animal" || !GATEWAY_ANIMALS.includes(kind)) return findingsOf(reply);
    // The gateway does not know of animals, but of cats and dogs.
    return findingsOf(await this.#enrich(kind, jpeg, { ...call, timeoutMs: end - performance.now() }));
  }

  /** Only of a person, and only by the service that stands alone. */
  async embed(jpeg: Buffer, signal: AbortSignal): Promise<Embedding> {
    const { reid_embedding } = await this.#enrich("person", jpeg, { timeoutMs: EMBED_TIMEOUT_MS, signal });
    if (!reid_embedding) throw new ReplyError("AI_GARBAGE", `${this.name} has no model that tells persons apart`);
    return embeddingOf(reid_embedding, this.#modelId);
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#connection.probe(signal);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #enrich(type: string, jpeg: Buffer, call: Call): Promise<EnrichReply> {
    return this.#connection.ask(questionOf(type, jpeg), EnrichReply, (reply) => reply, call);
  }
}

/** Depth is not asked for: of what is cut out it says nothing. */
function questionOf(type: string, picture: Buffer) {
  const options = { action_recognition: false, include_depth: false, include_pose: true };
  return jsonQuestion("enrich", picture, { detection_type: type, bbox: WHOLE, options });
}
