/** The one small family of errors that Vigil throws. */
import { oneLine } from "./one-line.ts";

const LONGEST_MESSAGE = 2_000;

/**
 * `code` is stable and reaches Catch nodes as `msg.error.code`; `retryable` tells the work queue whether trying again
 * later can help. Messages say what was wrong and what would be right, on one line whatever they repeat from outside.
 */
export class VigilError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(oneLine(message, LONGEST_MESSAGE), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** A node's or a site's configuration cannot work. */
export class ConfigError extends VigilError {}

/** A message does not fit what the node takes. */
export class InputError extends VigilError {}

/** A file is not what its name says, cannot be read, or is not ours to read. */
export class MediaError extends VigilError {}

/** The store cannot be opened or cannot answer. */
export class StoreError extends VigilError {}

export interface ServerFault {
  readonly cause?: unknown;
  /** Nobody answered at its address, which has nothing to do with what was asked. */
  readonly unreachable?: boolean;
  /** How long the server asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | null;
}

/** A server is away, overloaded or broken: the work can wait for it. */
export class ServerError extends VigilError {
  readonly unreachable: boolean;
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, { cause, unreachable, retryAfterMs }: ServerFault = {}) {
    super(code, message, { cause, retryable: true });
    this.unreachable = unreachable ?? false;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}

/**
 * A program that the work needs is not on this machine. Nobody is at fault, and the work waits for it out of the way of
 * all other work.
 */
export class ToolError extends VigilError {
  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, retryable: true });
  }
}

/** A server refused the request or answered something unusable: sending the same again will not help. */
export class ReplyError extends VigilError {}

/** Anything that was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What an error says. Where a host name has several addresses, Node tells one error for each and no message of its own. */
export function reasonOf(error: Error): string {
  const errors = error instanceof AggregateError ? error.errors.map(asError) : [error];
  return errors.map(({ message, name }) => message || name).join(", ");
}
