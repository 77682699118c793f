/** Deterministic identities: doing a thing twice makes the same row, so that a replay is harmless. */
import { createHash } from "node:crypto";
import { z } from "zod";

const PREFIX = {
  upload: "up",
  inspection: "in",
  detection: "de",
  batch: "ba",
  event: "ev",
  alert: "al",
  incident: "ic",
  identity: "id",
  message: "ms",
} as const;

export type RecordKind = keyof typeof PREFIX;

/** A record's id as other records refer to it. Free text, so that records from elsewhere may bring their own. */
export const RecordId = z.string().min(1).max(128);

/**
 * The id of a record, derived from what makes it unique: mostly its parent's id and the id of the node that made it.
 * 96 bits of SHA-256; the parts are joined as JSON, so that `["ab", "c"]` and `["a", "bc"]` differ.
 */
export function deriveId(kind: RecordKind, ...parts: readonly (string | number | bigint)[]): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(parts.map(String)))
    .digest("hex");
  return `${PREFIX[kind]}_${digest.slice(0, 24)}`;
}
