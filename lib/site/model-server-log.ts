/** Says in the log what is found out about the language model's server. */
import type { LlamaClient } from "../analyze/llama-client.ts";
import type { Logger } from "../resilience/logger.ts";

export interface ModelServerLogOptions {
  readonly logger: Logger;
  /** How many requests the node sends at once. */
  readonly concurrency: number;
  /** Whether the node has pictures to send. */
  readonly hasPictures: boolean;
}

type Known = Pick<LlamaClient, "schemaEnforced" | "contextSize" | "slots" | "takesPictures">;

export class ModelServerLog {
  readonly #options: ModelServerLogOptions;
  #said = "";
  #saidOfPictures: boolean | null = null;

  constructor(options: ModelServerLogOptions) {
    this.#options = options;
  }

  /** Says what is new, once. */
  look(server: Known): void {
    this.#lookAtPictures(server);
    const { schemaEnforced, contextSize, slots } = server;
    const { logger, concurrency } = this.#options;
    if (schemaEnforced === null) return;
    const facts = [
      schemaEnforced ? "holds its model to the JSON schema" : "does not hold its model to the JSON schema",
      contextSize === null ? null : `has a context of ${contextSize} tokens`,
      slots === null ? null : `answers ${slots} at once`,
    ];
    const text = `The language model's server ${facts.filter((fact) => fact !== null).join(", ")}`;
    if (text === this.#said) return;
    this.#said = text;
    if (schemaEnforced) logger.info(text);
    else logger.warn(`${text}: more of its answers will be unusable`);
    if (slots !== null && slots < concurrency) {
      logger.warn(`The node sends it ${concurrency} at once: the others wait there, and time out sooner`);
    }
  }

  #lookAtPictures({ takesPictures }: Known): void {
    const { logger, hasPictures } = this.#options;
    if (!hasPictures || takesPictures === null || takesPictures === this.#saidOfPictures) return;
    this.#saidOfPictures = takesPictures;
    if (takesPictures) logger.info("The language model takes pictures");
    else {
      logger.warn(
        "The language model takes no pictures and is asked without them: they need a model that sees, the chat interface and, with llama.cpp, the model's --mmproj file",
      );
    }
  }
}
