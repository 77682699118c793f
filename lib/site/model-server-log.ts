/** Says in the log what is found out about the language model's server. */
import type { LlamaClient } from "../analyze/llama-client.ts";
import type { Logger } from "../resilience/logger.ts";

export class ModelServerLog {
  readonly #logger: Logger;
  /** How many requests the node sends at once. */
  readonly #concurrency: number;
  #said = "";

  constructor(logger: Logger, concurrency: number) {
    this.#logger = logger;
    this.#concurrency = concurrency;
  }

  /** Says what is new, once. */
  look({ schemaEnforced, contextSize, slots }: Pick<LlamaClient, "schemaEnforced" | "contextSize" | "slots">): void {
    if (schemaEnforced === null) return;
    const facts = [
      schemaEnforced ? "holds its model to the JSON schema" : "does not hold its model to the JSON schema",
      contextSize === null ? null : `has a context of ${contextSize} tokens`,
      slots === null ? null : `answers ${slots} at once`,
    ];
    const text = `The language model's server ${facts.filter((fact) => fact !== null).join(", ")}`;
    if (text === this.#said) return;
    this.#said = text;
    if (schemaEnforced) this.#logger.info(text);
    else this.#logger.warn(`${text}: more of its answers will be unusable`);
    if (slots !== null && slots < this.#concurrency) {
      this.#logger.warn(`The node sends it ${this.#concurrency} at once: the others wait there, and time out sooner`);
    }
  }
}
