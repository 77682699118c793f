/** What of a message can be written down, so that it survives a restart. */
import type { FlowMessage } from "../domain/message.ts";

/** The journal keeps messages up to this size; of a larger one, only what Vigil itself needs. */
const MAX_BYTES = 256 * 1024;
/** What nests deeper is nothing that JSON should hold. */
const MAX_DEPTH = 100;

const OURS: ReadonlySet<string> = new Set(["_msgid", "topic", "payload", "filename"]);

export interface JournalEntry {
  readonly json: string;
  /** What could not be kept: `req`, `payload.context.asked_at`, `list[].socket`. */
  readonly dropped: readonly string[];
}

/** The plain JSON part of a message. A hand-over's id is not part of it: it is new each time. */
export function toJournal(message: FlowMessage): JournalEntry {
  const { handover: _handover, replayed: _replayed, ...own } = message;
  const dropped = new Set<string>();
  // Most messages are plain, and to prune one takes ten times as long as to see that.
  const kept = isPlain(own, 0) ? own : pruneObject(own, "", [], dropped);
  const json = JSON.stringify(kept);
  if (Buffer.byteLength(json) <= MAX_BYTES) return { json, dropped: [...dropped] };
  const ours = Object.fromEntries(Object.entries(kept).filter(([name]) => OURS.has(name)));
  for (const name of Object.keys(kept)) if (!OURS.has(name)) dropped.add(name);
  return { json: JSON.stringify(ours), dropped: [...dropped] };
}

/** The message that `toJournal` wrote down. */
export function fromJournal(json: string): FlowMessage {
  return JSON.parse(json);
}

/**
 * A value without the parts that JSON would not bring back as they were: functions, sockets, Buffers, dates, class
 * instances, cycles. What cannot be kept itself is undefined, null inside a list; each such place is noted.
 */
function prune(value: unknown, place: string, ancestors: readonly object[], dropped: Set<string>): unknown {
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "object" && !ancestors.includes(value) && ancestors.length <= MAX_DEPTH) {
    const path = [...ancestors, value];
    if (Array.isArray(value)) return value.map((part) => prune(part, `${place}[]`, path, dropped) ?? null);
    if (isPlainObject(value)) return pruneObject(value, `${place}.`, path, dropped);
  }
  dropped.add(place);
  return undefined;
}

/** Whether JSON brings a value back as it was. Not so what goes round in circles, which is deeper than anything. */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((part) => isPlain(part, depth + 1));
  if (!isPlainObject(value)) return false;
  for (const name in value) if (!isPlain(value[name], depth + 1)) return false;
  return true;
}

function pruneObject(
  object: Readonly<Record<string, unknown>>,
  prefix: string,
  ancestors: readonly object[],
  dropped: Set<string>,
): Record<string, unknown> {
  // Without a prototype, so that a property called `__proto__` is one like any other.
  const kept: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(object)) {
    const part = prune(value, prefix + name, ancestors, dropped);
    if (part !== undefined) kept[name] = part;
  }
  return kept;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  // A `function` node's objects have an `Object.prototype` of their own, of which nothing else is known.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"));
}
