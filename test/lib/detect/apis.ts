/** Both detectors that work over HTTP, for what they have in common. */
import sharp from "sharp";
import { DeepstackServer } from "../../../lib/detect/deepstack-server.ts";
import type { Detector, Picture } from "../../../lib/detect/detector.ts";
import { YoloServer } from "../../../lib/detect/yolo-server.ts";
import type { WireDetection } from "../../support/detector-server.ts";

export interface Api {
  readonly name: string;
  /** Below the server's address. */
  readonly endpoint: string;
  open(url: string, timeoutMs?: number): Detector;
  /** A reply with one detection, of which `change` makes something wrong. */
  body(change?: object): object;
  /** The place of that detection in the reply. */
  readonly list: string;
}

/** What the server sees, */
export const car: WireDetection = { class: "car", confidence: 0.87, bbox: { x: 12, y: 30, width: 40, height: 20 } };
/** and what comes of it. */
export const carBox = { label: "car", confidence: 0.87, x: 12, y: 30, width: 40, height: 20 };

const prediction = { label: "car", confidence: 0.87, x_min: 12, y_min: 30, x_max: 52, y_max: 50 };

export const APIS: readonly Api[] = [
  {
    name: "YoloServer",
    endpoint: "/detect",
    open: (url, timeoutMs = 5000) => new YoloServer({ url, timeoutMs, concurrency: 4 }),
    body: (change) => ({ detections: [{ ...car, ...change }], image_width: 160, image_height: 120 }),
    list: "detections",
  },
  {
    name: "DeepstackServer",
    endpoint: "/v1/vision/detection",
    open: (url, timeoutMs = 5000) => new DeepstackServer({ url, timeoutMs, concurrency: 4, minConfidence: 0.5 }),
    body: (change) => ({ success: true, predictions: [{ ...prediction, ...change }] }),
    list: "predictions",
  },
];

/** A grey picture of 160 x 120 pixels. */
export async function greyPicture(): Promise<Picture> {
  const frame = { width: 160, height: 120 };
  const grey = { ...frame, channels: 3 as const, background: "#888" };
  const bytes = await sharp({ create: grey }).jpeg().toBuffer();
  return { bytes, frame, fileName: "MDAlarm_20260301-100000.jpg", cameraId: "front_door" };
}
