/** Somebody or something that is recognised when it comes again: as `context.entities` tells it, for prompts and rules. */
import { z } from "zod";
import { RecordId } from "./ids.ts";
import { IsoTime } from "./time.ts";

/** What people say of somebody; `unknown` until they do. */
export const Trust = z.enum(["trusted", "untrusted", "unknown"]);
export type Trust = z.infer<typeof Trust>;

/** The groups of labels of which single ones are told apart. */
export const IdentityKind = z.enum(["person", "vehicle"]);
export type IdentityKind = z.infer<typeof IdentityKind>;

/**
 * How it was recognised: by its look; by its plate; not at all, it is `new`. `enrol_again`: it is like nobody that the
 * model knows, but people are enrolled with another model only, so that nobody can say whether it is one of them.
 */
export const Match = z.enum(["look", "plate", "new", "enrol_again"]);
export type Match = z.infer<typeof Match>;

/** A line of `context.entities`: somebody or something in the batch. */
export const KnownEntity = z.object({
  entity_id: RecordId,
  kind: IdentityKind,
  /** Absent where nobody has given it one. */
  name: z.string().optional(),
  trust: Trust,
  match: Match,
  /** Cosine of its look to what is known, -1 to 1; only of a match by look. */
  similarity: z.number().optional(),
  /** Only where one was read. */
  plate: z.string().optional(),
  first_seen_at: IsoTime,
  /** Before this batch; absent where it is new. */
  last_seen_at: IsoTime.optional(),
  /** In how many batches, this one included. */
  times_seen: z.int().positive(),
  /** Names of the cameras that have seen it. */
  cameras: z.array(z.string()),
  /** Those of this batch that show it. */
  detection_ids: z.array(RecordId),
});
export type KnownEntity = z.infer<typeof KnownEntity>;

export const KnownEntities = z.array(KnownEntity);

/** What stands on a number plate: letters and digits in capitals, whatever separates them. */
export function plateOf(text: string): string {
  return text
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** A plate as people write it. */
export const Plate = z
  .string()
  .transform(plateOf)
  .pipe(z.string().min(2, "must have 2 to 12 letters and digits").max(12, "must have 2 to 12 letters and digits"));

/** A number plate that was read, by our own clients or by the user's flow: an item of `context.plates`. */
export const PlateReading = z.object({
  /** The vehicle that it was read off. */
  detection_id: RecordId,
  plate: z.string(),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1).default(1),
});
export type PlateReading = z.infer<typeof PlateReading>;
