/** How the detector for tests answers: in the words of each interface, or wrong in some way. */
import type { ServerResponse } from "node:http";
import { extname } from "node:path";
import sharp from "sharp";
import { misbehave, sendJson, type Wrong } from "./misbehave.ts";

/** A detection as it is on the wire: pixels of the picture, origin at the top left. */
export interface WireDetection {
  readonly class: string;
  readonly confidence: number;
  readonly bbox: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** How to go wrong; `list-boxes`: boxes as `[x, y, width, height]`, which is right, only old. */
export type Misbehaviour = Wrong | "list-boxes";

export interface UploadedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A picture that was asked about, and what the detector sees in it. */
export interface Asked {
  readonly file: UploadedFile;
  readonly seen: readonly WireDetection[];
  readonly how: Misbehaviour | null;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** How an interface says what was seen. */
export interface Interface {
  answer(asked: readonly Asked[]): Promise<Reply>;
  refuse(status: number, why: string): Reply;
}

/** What the real servers take, without BMP, which sharp does not read. */
const EXTENSIONS = [".jpg", ".jpeg", ".png", ".gif", ".webp"];
const MAGIC = ["ffd8ff", "89504e47", "47494638", "52494646"];
const MAX_BYTES = 10 * 1024 * 1024;

const fastApiRefusal = (status: number, detail: string): Reply => ({ status, body: { detail } });

/** `POST /detect` of both YOLO servers. */
export const single: Interface = {
  refuse: fastApiRefusal,
  answer: async ([asked]) => {
    if (!asked) return fastApiRefusal(400, "No image was sent: use the form field 'file'");
    const looked = await look(asked);
    if ("detail" in looked) return fastApiRefusal(looked.status, looked.detail);
    return { status: 200, body: { ...looked, inference_time_ms: 12.5 } };
  },
};

/** `POST /detect/batch` of the server that stands alone: one bad picture, and none is looked at. */
export const standaloneBatch: Interface = {
  refuse: fastApiRefusal,
  answer: async (asked) => {
    const looked = await Promise.all(asked.map(look));
    const [bad] = looked.filter((each) => "detail" in each);
    if (bad) return fastApiRefusal(bad.status, bad.detail);
    const results = looked.map((each, index) => ({ index, filename: asked[index]?.file.name, ...each }));
    return { status: 200, body: { results, total_inference_time_ms: 10 * asked.length, num_images: asked.length } };
  },
};

/** `POST /detect/batch` of the gateway: a bad picture has an error, in the words of Python, in its place. */
export const gatewayBatch: Interface = {
  refuse: fastApiRefusal,
  answer: async (asked) => {
    const looked = await Promise.all(asked.map(look));
    const results = looked.map((each) => ("detail" in each ? { detections: [], error: each.detail } : each));
    return { status: 200, body: { results, total_inference_time_ms: 10 * asked.length, batch_size: asked.length } };
  },
};

/** `POST /v1/vision/detection` of CodeProject.AI, whose failures are status 200 with a code; other statuses are DeepStack's. */
export const deepstack: Interface = {
  refuse: (status, error) => ({ status, body: { success: false, error } }),
  answer: async ([asked]) => {
    const looked = asked ? await look(asked) : { status: 400, detail: "No valid image file found" };
    if ("detail" in looked) {
      return { status: 200, body: { success: false, error: looked.detail, code: looked.status, processMs: 3 } };
    }
    const predictions = (asked?.seen ?? []).map(({ class: label, confidence, bbox: { x, y, width, height } }) => {
      return { label, confidence, x_min: x, y_min: y, x_max: x + width, y_max: y + height };
    });
    const message = `Found ${predictions.length} objects`;
    const times = { inferenceMs: 12, processMs: 15, analysisRoundTripMs: 20 };
    return {
      status: 200,
      body: { success: true, message, predictions, count: predictions.length, code: 200, ...times },
    };
  },
};

/** Answers, as an interface does or wrong as any of the pictures has it. */
export async function reply(response: ServerResponse, asked: readonly Asked[], as: Interface): Promise<void> {
  const how = asked.find((each) => each.how !== null)?.how ?? null;
  if (how !== null && (await goWrong(response, how, as))) return;
  const { status, body } = await as.answer(asked);
  sendJson(response, status, body);
}

/** Whether that was all. */
async function goWrong(response: ServerResponse, how: Misbehaviour, as: Interface): Promise<boolean> {
  if (how === "list-boxes") return false;
  if (typeof how !== "number") return misbehave(response, how);
  // The gateway's batches say so in the picture's place.
  if (as === gatewayBatch) return false;
  const { status, body } = as.refuse(how, `Told to answer ${how}`);
  sendJson(response, status, body);
  return true;
}

interface Looked {
  readonly detections: readonly unknown[];
  readonly image_width: number;
  readonly image_height: number;
}

interface Refusal {
  readonly status: number;
  readonly detail: string;
}

/** What is seen in a picture, with its size as it is stored; or why it is refused. */
async function look({ file: { name, bytes }, seen, how }: Asked): Promise<Looked | Refusal> {
  if (typeof how === "number") return { status: how, detail: `Told to answer ${how}` };
  if (bytes.length > MAX_BYTES) return { status: 413, detail: `More than ${MAX_BYTES} bytes` };
  const refusal = (detail: string): Refusal => ({ status: 400, detail });
  if (!EXTENSIONS.includes(extname(name).toLowerCase())) return refusal(`File type of '${name}' is not allowed`);
  const head = bytes.toString("hex", 0, 4);
  if (!MAGIC.some((magic) => head.startsWith(magic))) return refusal(`'${name}' is not a picture`);
  try {
    const { info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const detections = seen.map(({ bbox, ...rest }) => ({
      ...rest,
      bbox: how === "list-boxes" ? [bbox.x, bbox.y, bbox.width, bbox.height] : bbox,
    }));
    return { detections, image_width: info.width, image_height: info.height };
  } catch {
    return refusal(`'${name}' is corrupt or truncated`);
  }
}
