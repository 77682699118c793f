/** What tells one piece of work of a node from another. */
import { createHash, randomUUID } from "node:crypto";
import { isUint8Array } from "node:util/types";
import type { FlowMessage } from "../domain/message.ts";
import { toJournal } from "./journal.ts";

/**
 * What makes a message the same work as an earlier one: the hand-over it came with and its content, as it arrived. Not
 * the record's id alone: crops, split parts and second revisions share that. The context does not count: what a user's
 * node adds there, the temperature say, is another one when the message is sent again.
 */
export function jobKey(message: FlowMessage): string {
  const { payload } = message;
  const origin = originOf(message) ?? randomUUID();
  const content = isUint8Array(payload) ? payload : toJournal({ payload: withoutContext(payload) }).json;
  return `${origin}:${createHash("sha256").update(content).digest("hex").slice(0, 32)}`;
}

/**
 * What tells a message from another with the same content: its hand-over, which it has again when it is sent again, or
 * else the id that Node-RED gave it.
 */
export function originOf({ handover, _msgid }: FlowMessage): string | undefined {
  return typeof handover === "string" ? handover : _msgid;
}

function withoutContext(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null || !("context" in payload)) return payload;
  const { context: _context, ...identity } = payload;
  return identity;
}
