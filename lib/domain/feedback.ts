/** What people say of an event, and what it is compared by with later ones. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { RecordId } from "./ids.ts";
import { RiskLevel, RiskScore } from "./risk.ts";
import { IsoTime } from "./time.ts";

/**
 * `false_alarm`: it was nothing. `correct`: it was judged right. `missed`: it was worse than judged, and somebody should
 * have heard of it. `wrong_severity`: it was something, of another severity.
 */
export const FeedbackKind = z.enum(["false_alarm", "correct", "missed", "wrong_severity"]);
export type FeedbackKind = z.infer<typeof FeedbackKind>;

const NOTES_LENGTH = 500;

/** What somebody says of an event. */
export const Feedback = z
  .object({
    kind: FeedbackKind,
    /** What the severity should have been: with `wrong_severity`, and only there. */
    expected_severity: RiskLevel.nullable().default(null),
    notes: z.string().trim().max(NOTES_LENGTH).default(""),
  })
  .refine(({ kind, expected_severity }) => (kind === "wrong_severity") === (expected_severity !== null), {
    path: ["expected_severity"],
    error: 'belongs to the kind "wrong_severity", and to no other',
  });
export type Feedback = z.infer<typeof Feedback>;

/** By what events are found to be alike. */
export const Traits = z.object({
  camera_id: CameraId,
  /** Label groups that were seen; a label of no group stands for itself. Sorted. */
  groups: z.array(z.string()),
  /** Ids of the zones in which something was seen; empty where none is known. */
  zones: z.array(z.string()),
  /** When it began, in minutes since midnight on the camera's clock. */
  minute: z.int().min(0).max(1439),
  /** Ids of those who were recognised by their look; empty where nobody was. */
  entities: z.array(z.string()),
});
export type Traits = z.infer<typeof Traits>;

/** Feedback as later events are weighed against it: with the event as it was then. */
export const GivenFeedback = z.object({
  event_id: RecordId,
  kind: FeedbackKind,
  expected_severity: RiskLevel.nullable(),
  /** Of the event when it was spoken of; null where it had none. */
  severity: RiskLevel.nullable(),
  traits: Traits,
  given_at: IsoTime,
});
export type GivenFeedback = z.infer<typeof GivenFeedback>;

/** One word that counted, and how much. */
const Counted = z.object({ event_id: RecordId, kind: FeedbackKind, weight: z.number().positive() });

/** How an event's score came to another one: the arithmetic, to be checked by anybody. */
export const Adjustment = z.object({
  /** The summed weights of what was said against such events, for them, and in agreement with the model. */
  against: z.number().nonnegative(),
  for: z.number().nonnegative(),
  agreeing: z.number().nonnegative(),
  /** The model's own weight. */
  prior: z.number().positive(),
  /** `100 × (for - against) / (for + against + agreeing + prior)` percent of the limit, which is in points. */
  limit: z.int().positive(),
  /** What the score moved by, after all limits; below 0 where it fell. */
  points: z.int(),
  effective_score: RiskScore,
  /** The same as a sentence. */
  detail: z.string(),
  /** How many words counted. */
  count: z.int().positive(),
  /** The heaviest of them. */
  heaviest: z.array(Counted),
});
export type Adjustment = z.infer<typeof Adjustment>;

/** How far the thresholds of rules have moved for an event's camera. */
export const Calibration = z.object({
  /** Above 0 where alerts ask for more. */
  points: z.int(),
  /** The arithmetic. */
  detail: z.string(),
});
export type Calibration = z.infer<typeof Calibration>;
