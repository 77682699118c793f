/** What each AI service for tests takes, and how it answers when it is well. */
import sharp from "sharp";
import { z } from "zod";

/** The request is not as the real server takes it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** A picture was sent, with these fields. */
export interface AiRequest {
  readonly path: string;
  readonly picture: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Answer = (fields: AiRequest["fields"]) => object;

interface Endpoint {
  readonly fields: z.ZodObject;
  readonly answer: Answer;
}

const inference_time_ms = 12.5;

/** Of length 1, as the real ones are, and another for each length. */
export function vectorOf(length: number): number[] {
  const values = Array.from({ length }, (_, n) => Math.sin(n + length));
  const size = Math.hypot(...values);
  return values.map((value) => value / size);
}

const FLORENCE_PROMPT = z.enum([
  "<CAPTION>",
  "<DETAILED_CAPTION>",
  "<MORE_DETAILED_CAPTION>",
  "<OD>",
  "<DENSE_REGION_CAPTION>",
  "<REGION_PROPOSAL>",
  "<OCR>",
  "<OCR_WITH_REGION>",
]);

const florence: Readonly<Record<string, Endpoint>> = {
  "POST /extract": {
    fields: z.strictObject({ prompt: FLORENCE_PROMPT }),
    answer: ({ prompt }) => ({
      result: "A person in a dark jacket carries a parcel.",
      prompt_used: prompt,
      inference_time_ms,
    }),
  },
  "POST /ocr-with-regions": {
    fields: z.strictObject({}),
    answer: () => ({
      regions: [
        { text: "</s>FAST PARCELS", bbox: [1, 2, 30, 2, 30, 9, 1, 9] },
        { text: "No. 12", bbox: [1, 12, 30, 12, 30, 19, 1, 19] },
      ],
      inference_time_ms,
    }),
  },
};

const clip: Readonly<Record<string, Endpoint>> = {
  "POST /embed": {
    fields: z.strictObject({}),
    answer: () => ({ embedding: vectorOf(768), inference_time_ms }),
  },
  "POST /classify": {
    fields: z.strictObject({ labels: z.array(z.string()).min(1) }),
    answer: ({ labels }) => {
      const scores = Object.fromEntries(
        z
          .array(z.string())
          .parse(labels)
          .map((label) => [label, 0.01]),
      );
      return { scores: { ...scores, "a photo of a fox": 0.9 }, top_label: "a photo of a fox", inference_time_ms };
    },
  },
};

const PERSON = {
  pose: { keypoints: [{ name: "nose", x: 0.5, y: 0.1, confidence: 0.9 }], posture: "crouching", alerts: ["crouching"] },
  clothing: {
    clothing_type: "jacket",
    color: "dark",
    style: "workwear",
    confidence: 0.8,
    top_category: "jacket",
    description: "Person wearing dark jacket",
    is_suspicious: true,
    is_service_uniform: true,
  },
  demographics: { age_range: "21-30", age_confidence: 0.7, gender: "male", gender_confidence: 0.8 },
  threat: { threats: [{ type: "knife", confidence: 0.6, bbox: [1, 2, 3, 4], severity: "high" }], has_threat: true },
};
const VEHICLE = {
  vehicle_type: "work_van",
  display_name: "work van/delivery van",
  confidence: 0.9,
  is_commercial: true,
};
const PET = { pet_type: "cat", breed: "unknown", confidence: 0.95, is_household_pet: true };

/** The service that stands alone. */
const enrichment: Readonly<Record<string, Endpoint>> = {
  "POST /enrich": {
    fields: z.object({
      detection_type: z.enum(["person", "vehicle", "animal", "object"]),
      bbox: z.object({ x1: z.number().nonnegative(), y1: z.number().nonnegative(), x2: z.number(), y2: z.number() }),
      options: z.record(z.string(), z.boolean()).optional(),
    }),
    answer: ({ detection_type }) => ({
      pose: null,
      clothing: null,
      demographics: null,
      vehicle: detection_type === "vehicle" ? { ...VEHICLE, color: "white" } : null,
      pet: detection_type === "animal" ? PET : null,
      threat: null,
      ...(detection_type === "person" && PERSON),
      reid_embedding: detection_type === "person" ? vectorOf(512) : null,
      action: null,
      depth: null,
      models_used: ["fashion_clip"],
      inference_time_ms,
    }),
  },
};

/** The gateway: some of what it says, it says of everybody. */
const gateway: Readonly<Record<string, Endpoint>> = {
  "POST /enrich": {
    fields: z.object({ detection_type: z.string(), bbox: z.record(z.string(), z.number()).nullish() }),
    answer: ({ detection_type }) => ({
      detection_type,
      enrichments: gatewayParts(String(detection_type)),
      inference_time_ms,
    }),
  },
};

function gatewayParts(type: string): object {
  if (type === "person") {
    const clothing = {
      ...PERSON.clothing,
      clothing_type: "casual",
      color: "unknown",
      style: "everyday",
      confidence: 0.5,
    };
    return { clothing, demographics: PERSON.demographics };
  }
  if (type === "vehicle") return { vehicle: { ...VEHICLE, all_scores: { work_van: 0.9 } } };
  return type === "cat" || type === "dog" ? { pet: { pet_type: type, confidence: 0.95, is_household_pet: true } } : {};
}

const plates: Readonly<Record<string, Endpoint>> = {
  "POST /v1/image/alpr": {
    fields: z.strictObject({}),
    answer: () => ({
      success: true,
      predictions: [
        { confidence: 0.55, label: "Plate: XY 1", plate: "XY 1", x_min: 1, y_min: 1, x_max: 9, y_max: 5 },
        { confidence: 0.92, label: "Plate: ab 123 cd", plate: "ab 123 cd", x_min: 1, y_min: 1, x_max: 9, y_max: 5 },
      ],
      message: "Found 2 plates",
      inferenceMs: 30,
      processMs: 40,
      code: 200,
    }),
  },
};

export const ROLES = { florence, clip, enrichment, gateway, plates } as const;
export type Role = keyof typeof ROLES;

/** What `GET /health` says of each. */
export const HEALTH: Readonly<Record<Role, object>> = {
  florence: { status: "healthy", model: "florence-2-large", model_loaded: true },
  clip: { status: "healthy", model: "clip-vit-large-patch14", model_loaded: true, embedding_dimension: 768 },
  enrichment: { status: "healthy", models: [{ name: "fashion_clip", loaded: true, vram_mb: 800 }], device: "cuda:0" },
  gateway: { status: "healthy", models: { vehicle: true } },
  plates: { success: true },
};

const LONGEST_PICTURE = 10 * 1024 * 1024;

/** The good answer to a request. Throws a `Refusal` for what the real server would not take. */
export async function goodAnswer(role: Role, { path, picture, fields }: AiRequest): Promise<object> {
  const endpoint = ROLES[role][path];
  if (!endpoint) throw new Refusal(404, "Not Found");
  if (picture.length > LONGEST_PICTURE) throw new Refusal(413, "Image too large");
  await sharp(picture)
    .stats()
    .catch(() => {
      throw new Refusal(400, "Invalid image data: not a picture");
    });
  const checked = endpoint.fields.safeParse(fields);
  if (!checked.success)
    throw new Refusal(
      422,
      checked.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`).join("; "),
    );
  return endpoint.answer(fields);
}
