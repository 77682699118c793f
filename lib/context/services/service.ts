/** What every AI service is: it is asked about one thing that a detector saw, and answers with what it found out. */
import type { LabelGroup } from "../../domain/labels.ts";
import type { ServerError } from "../../resilience/errors.ts";

export const SERVICE_NAMES = ["plates", "enrichment", "florence", "clip"] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What can be asked: for a number plate, for what somebody does or wears, for writing, a caption, a kind of animal. */
export const TASKS = ["plate", "look", "writing", "caption", "animal"] as const;
export type Task = (typeof TASKS)[number];

/** A picture of one thing, cut out. */
export interface Crop {
  readonly jpeg: Buffer;
  /** As the detector has it. */
  readonly label: string;
  readonly group: LabelGroup | null;
}

export interface Call {
  /** Milliseconds that are left for it, waiting included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What was found out: by the names that `context.attributes` has, plain data each. Empty where there was nothing. */
export type Findings = Readonly<Record<string, unknown>>;

export interface AiService {
  /** Its address, without credentials. */
  readonly name: string;
  /** Why asking would fail at once; null while the server is thought to work. */
  readonly outage: ServerError | null;
  /**
   * Asks about one thing. Throws `ServerError` AI_… (the server's fault, or that it is away), `ReplyError` AI_REFUSED or
   * AI_GARBAGE (it can make nothing of this picture), or the signal's reason.
   */
  ask(task: Task, crop: Crop, call: Call): Promise<Findings>;
  /** Asks about a grey picture, whatever is thought of the server. Throws as `ask` does. */
  probe(signal: AbortSignal): Promise<void>;
  /** Frees what it holds; what is under way is abandoned. */
  close(): Promise<void>;
}
