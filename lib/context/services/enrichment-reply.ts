/** What enrichment services answer to `POST /enrich`: alone, and behind the gateway. */
import { z } from "zod";
import { oneLine } from "../../resilience/one-line.ts";
import { Vector } from "./embedder.ts";
import type { Findings } from "./service.ts";

const Share = z.number().min(0).max(1);

/** All that a reply may hold of a thing. What else there is, such as age and sex, is nobody's business and not read. */
const Parts = z.object({
  pose: z.object({ posture: z.string(), alerts: z.array(z.string()).default([]) }).nullish(),
  clothing: z
    .object({
      clothing_type: z.string(),
      color: z.string(),
      confidence: z.number().min(-1).max(1),
      is_service_uniform: z.boolean().default(false),
    })
    .nullish(),
  vehicle: z
    .object({ vehicle_type: z.string(), color: z.string().nullish(), confidence: Share, is_commercial: z.boolean() })
    .nullish(),
  pet: z.object({ pet_type: z.string(), confidence: Share }).nullish(),
  threat: z
    .object({
      threats: z
        .array(z.object({ type: z.string().optional(), class: z.string().optional(), confidence: Share.optional() }))
        .default([]),
    })
    .nullish(),
  reid_embedding: Vector.nullish(),
});
type Parts = z.infer<typeof Parts>;

export interface EnrichReply extends Parts {
  readonly isGateway: boolean;
}

export const EnrichReply = z.union([
  z
    .object({ detection_type: z.string(), enrichments: Parts })
    .transform(({ enrichments }): EnrichReply => ({ ...enrichments, isGateway: true })),
  Parts.extend({ models_used: z.array(z.unknown()) }).transform(
    (parts): EnrichReply => ({ ...parts, isGateway: false }),
  ),
]);

/** Of one kind, about one thing. */
const MOST = 5;
const WORDS_LENGTH = 60;

/** The words of classifiers that have nothing to say. */
const NOTHING: readonly string[] = ["unknown", "none", "background", "pedestrian", ""];

/** What a reply says, without what is said of everything. */
export function findingsOf(reply: EnrichReply): Findings {
  const found = {
    pose: poseOf(reply),
    clothing: clothingOf(reply),
    vehicle_class: vehicleOf(reply),
    pet: petOf(reply),
    threat: threatsOf(reply),
  };
  return Object.fromEntries(Object.entries(found).filter(([, part]) => part !== null));
}

function poseOf({ pose }: EnrichReply) {
  if (!pose) return null;
  const { posture, alerts } = pose;
  const said = alerts.filter((alert) => alert !== posture).slice(0, MOST);
  if (isNothing(posture) && said.length === 0) return null;
  return {
    ...(!isNothing(posture) && { posture: worded(posture) }),
    ...(said.length > 0 && { signs: said.map(worded) }),
  };
}

function clothingOf({ clothing, isGateway }: EnrichReply) {
  if (!clothing || isNothing(clothing.clothing_type)) return null;
  const { clothing_type, color, confidence, is_service_uniform } = clothing;
  // What the gateway says of everybody while its text model is missing.
  if (isGateway && clothing_type === "casual" && isNothing(color)) return null;
  return {
    type: worded(clothing_type),
    ...(!isNothing(color) && { color: worded(color) }),
    // The gateway's is the cosine of two vectors, which says nothing of how sure it is, and its uniforms follow from it.
    ...(!isGateway && { confidence, ...(is_service_uniform && { service_uniform: true }) }),
  };
}

function vehicleOf({ vehicle }: EnrichReply) {
  if (!vehicle || isNothing(vehicle.vehicle_type)) return null;
  const { vehicle_type, color, confidence, is_commercial } = vehicle;
  return {
    type: worded(vehicle_type),
    ...(color && !isNothing(color) && { color: worded(color) }),
    ...(is_commercial && { commercial: true }),
    confidence,
  };
}

/** The breed is always unknown, and every cat a household's. */
function petOf({ pet }: EnrichReply) {
  return pet && !isNothing(pet.pet_type) ? { kind: worded(pet.pet_type), confidence: pet.confidence } : null;
}

function threatsOf({ threat }: EnrichReply) {
  const found = (threat?.threats ?? []).slice(0, MOST).map(({ type, class: name, confidence }) => ({
    type: worded(type ?? name ?? "unnamed"),
    ...(confidence !== undefined && { confidence }),
  }));
  return found.length === 0 ? null : { found };
}

function isNothing(word: string): boolean {
  return NOTHING.includes(word.toLowerCase());
}

/** `work_van` as people write it. */
function worded(name: string): string {
  return oneLine(name.replaceAll("_", " "), WORDS_LENGTH);
}
