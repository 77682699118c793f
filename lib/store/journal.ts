/** What of a message can be written down, so that it survives a restart. */
import type { FlowMessage } from "../domain/message.ts";

/** The journal keeps messages up to this size; of a larger one, only what Vigil itself needs. */
const MAX_BYTES = 256 * 1024;

const OURS: ReadonlySet<string> = new Set(["_msgid", "topic", "payload", "filename"]);

export interface JournalEntry {
  readonly json: string;
  /** The properties that could not be kept. */
  readonly dropped: readonly string[];
}

/** The plain JSON part of a message. A hand-over's id is not part of it: it is new each time. */
export function toJournal(message: FlowMessage): JournalEntry {
  // Without a prototype, so that a property called `__proto__` is one like any other.
  const kept: Record<string, unknown> = Object.create(null);
  const dropped: string[] = [];
  for (const [name, value] of Object.entries(message)) {
    if (name === "handover" || name === "replayed" || value === undefined) continue;
    if (isPlain(value)) kept[name] = value;
    else dropped.push(name);
  }
  const json = JSON.stringify(kept);
  if (Buffer.byteLength(json) <= MAX_BYTES) return { json, dropped };
  const ours = Object.fromEntries(Object.entries(kept).filter(([name]) => OURS.has(name)));
  return { json: JSON.stringify(ours), dropped: [...dropped, ...Object.keys(kept).filter((name) => !OURS.has(name))] };
}

/** The message that `toJournal` wrote down. */
export function fromJournal(json: string): FlowMessage {
  return JSON.parse(json);
}

/** Whether JSON brings a value back as it was: no functions, sockets, Buffers, dates, class instances or cycles. */
function isPlain(value: unknown, ancestors: readonly object[] = []): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || ancestors.includes(value) || ancestors.length > 100) return false;
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false;
  const path = [...ancestors, value];
  return Object.values(value).every((part) => part === undefined || isPlain(part, path));
}
