/** A prompt as data: what is the same for every event, and what is this event's own. */
export interface Prompt {
  /** The same for every event of a site, so that the server's prefix cache holds it. */
  readonly system: string;
  /** What the model sees before it reads `user`; absent where there is none. */
  readonly pictures?: readonly PromptPicture[];
  readonly user: string;
  /** Where the model has answered this already, and not well. */
  readonly repair?: Repair;
}

export interface PromptPicture {
  /** What stands before the picture, ending with a line break. */
  readonly caption: string;
  readonly jpeg: Buffer;
}

/** What a model is told about an answer that cannot be used. */
export interface Repair {
  /** The answer, as the model wrote it. */
  readonly reply: string;
  /** What is wrong with it, in words that follow its name: `it holds no JSON object`. */
  readonly problem: string;
}
