/** A prompt as data: what is the same for every event, and what is this event's own. */
export interface Prompt {
  /** The same for every event of a site, so that the server's prefix cache holds it. */
  readonly system: string;
  readonly user: string;
}
