/** A prompt as data: what is the same for every event, and what is this event's own. */
export interface Prompt {
  /** The same for every event of a site, so that the server's prefix cache holds it. */
  readonly system: string;
  readonly user: string;
  /** Where the model has answered this already, and not well. */
  readonly repair?: Repair;
}

/** What a model is told about an answer that cannot be used. */
export interface Repair {
  /** The answer, as the model wrote it. */
  readonly reply: string;
  /** What is wrong with it, in words that follow its name: `it holds no JSON object`. */
  readonly problem: string;
}
