/** The things of a batch that models are asked about, each by the picture that shows it best, cut out. */
import type { Candidate } from "../../context/services/plan.ts";
import type { Crop } from "../../context/services/service.ts";
import { timeOf, tracksOf } from "../../context/tracks.ts";
import type { Batch } from "../../domain/batch.ts";
import { bestFrame, clearness } from "../../domain/best-picture.ts";
import type { Detection } from "../../domain/detection.ts";
import { groupOf } from "../../domain/labels.ts";
import { toMillis } from "../../domain/time.ts";
import type { Upload } from "../../domain/upload.ts";
import { cropPicture } from "../../media/crop.ts";
import type { Site } from "../site.ts";
import { readSeen } from "../still.ts";

export interface Thing extends Candidate {
  readonly upload: Upload;
  readonly detection: Detection;
  /** When it was seen so, in seconds after the batch's start. */
  readonly at_s: number;
}

/** The things of a batch that have a picture, the clearest first; of equally clear ones, the earliest. */
export function thingsOf({ detections, uploads, started_at }: Batch): Thing[] {
  const known = new Map(uploads.map((upload) => [upload.upload_id, upload]));
  const seen = Map.groupBy(detections, ({ upload_id }) => upload_id);
  // Of a clip, one frame is kept.
  const kept = [...seen].flatMap(([id, own]) => (known.get(id)?.media_type === "video" ? bestFrame(own) : own));
  const pictured = new Set(kept);
  const start = toMillis(started_at);
  const things = tracksOf(detections).flatMap((track): Thing[] => {
    const [detection] = track.filter((each) => pictured.has(each)).sort((a, b) => clearness(b) - clearness(a));
    const upload = detection && known.get(detection.upload_id);
    if (!upload) return [];
    const at_s = Math.round((timeOf(detection) - start) / 1000);
    return [{ upload, detection, at_s, group: groupOf(detection.label) ?? "other", worth: clearness(detection) }];
  });
  return things.sort((a, b) => b.worth - a.worth || timeOf(a.detection) - timeOf(b.detection));
}

export interface CropOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly batchId: string;
  readonly signal: AbortSignal;
}

/** Cuts things out, each once, however often it is asked for. */
export class Crops {
  readonly #options: CropOptions;
  readonly #pictures = new Map<string, Promise<Buffer>>();
  readonly #crops = new Map<string, Promise<Crop>>();

  constructor(options: CropOptions) {
    this.#options = options;
  }

  /** Throws a MediaError where the picture is gone, has changed or cannot be decoded; or the signal's reason. */
  of(thing: Thing): Promise<Crop> {
    return once(this.#crops, thing.detection.detection_id, () => this.#cut(thing));
  }

  async #cut({ upload, detection }: Thing): Promise<Crop> {
    const { site, nodeId, batchId, signal } = this.#options;
    const { detection_id, label, x, y, width, height, frame_width, frame_height } = detection;
    const picture = await once(this.#pictures, upload.upload_id, () => readSeen(upload, detection_id, site));
    const area = {
      left: x / frame_width,
      top: y / frame_height,
      width: width / frame_width,
      height: height / frame_height,
    };
    const cut = () => cropPicture(picture, area);
    const jpeg = await site.nativeWork.run(`cut ${nodeId} ${batchId} ${detection_id}`, cut, signal);
    return { jpeg, label, group: groupOf(label) };
  }
}

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const promise = made.get(key) ?? make();
  made.set(key, promise);
  return promise;
}
