/** A CLIP server: makes vectors of pictures, and says which of several words fits a picture best. */
import { z } from "zod";
import { AiConnection, type AiServerOptions, GREY, jsonQuestion } from "./ai-connection.ts";
import { EMBED_TIMEOUT_MS, type Embedder, type Embedding, embeddingOf, Vector } from "./embedder.ts";
import { ModelId } from "./model-id.ts";
import type { AiService, Call, Crop, Findings, Task } from "./service.ts";

/** What comes to gardens; detectors know cats, dogs and birds, and take the rest for one of them. */
const ANIMALS = ["cat", "dog", "fox", "raccoon", "deer", "rabbit", "hedgehog", "bird", "boar", "bear"] as const;
const LABELS = ANIMALS.map((animal) => `a photo of a ${animal}`);
/**
 * Some one word always fits best. Below this it fits hardly better than the others: a server without its text model
 * gives all of them the same.
 */
const LEAST_SHARE = 0.5;

const EmbedReply = z.object({ embedding: Vector });

const ClassifyReply = z.object({ scores: z.record(z.string(), z.number().min(0).max(1)) });

const CLIP = {
  name: "CLIP server",
  example: "http://192.168.1.10:8093",
  probe: { ...jsonQuestion("embed", GREY), reply: EmbedReply },
} as const;

export interface ClipOptions extends AiServerOptions {
  /** What its model is called where it does not say. */
  readonly modelId: string;
}

export class ClipServer implements AiService, Embedder {
  readonly #connection: AiConnection;
  readonly #modelId: ModelId;

  /** Throws `ConfigError` AI_URL. */
  constructor({ modelId, ...options }: ClipOptions) {
    this.#connection = new AiConnection(CLIP, options);
    this.#modelId = new ModelId(this.#connection, modelId);
  }

  get name() {
    return this.#connection.name;
  }

  get outage() {
    return this.#connection.outage;
  }

  async embed(jpeg: Buffer, signal: AbortSignal): Promise<Embedding> {
    const call = { timeoutMs: EMBED_TIMEOUT_MS, signal };
    const values = await this.#connection.ask(
      jsonQuestion("embed", jpeg),
      EmbedReply,
      ({ embedding }) => embedding,
      call,
    );
    return embeddingOf(values, await this.#modelId.get(signal));
  }

  async ask(_task: Task, { jpeg }: Crop, call: Call): Promise<Findings> {
    const question = jsonQuestion("classify", jpeg, { labels: LABELS });
    return this.#connection.ask(question, ClassifyReply, ({ scores }) => animalOf(scores), call);
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#connection.probe(signal);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function animalOf(scores: Readonly<Record<string, number>>): Findings {
  const [best] = ANIMALS.map((kind, n) => ({ kind, confidence: scores[LABELS[n] ?? ""] ?? 0 })).sort(
    (a, b) => b.confidence - a.confidence,
  );
  return best && best.confidence >= LEAST_SHARE ? { pet: best } : {};
}
