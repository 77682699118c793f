/** Tables `inspections` and `detections`: what a detector found in an upload. */
import type { Database } from "better-sqlite3";
import type { Detected, Detection } from "../domain/detection.ts";

export class Inspections {
  readonly #insert;
  readonly #insertDetection;
  readonly #still;
  readonly #known;

  constructor(db: Database) {
    this.#insert = db.prepare(`
      INSERT INTO inspections(inspection_id, upload_id, node_id, sha256, outcome, frame_width, frame_height, still_path, thumbnail_path, duration_ms, video_codec, mime_type, detector, inference_ms, inspected_at)
      VALUES(:inspection_id, :upload_id, :node_id, :sha256, :outcome, :frame_width, :frame_height, :still_path, :thumbnail_path, :duration_ms, :video_codec, :mime_type, :detector, :inference_ms, :inspected_at)
      ON CONFLICT DO NOTHING`);
    this.#insertDetection = db.prepare<
      [Omit<Detection, "upload_id" | "frame_width" | "frame_height"> & { inspection_id: string; n: number }]
    >(`
      INSERT INTO detections(detection_id, inspection_id, n, captured_at, offset_ms, label, confidence, x, y, width, height)
      VALUES(:detection_id, :inspection_id, :n, :captured_at, :offset_ms, :label, :confidence, :x, :y, :width, :height)
      ON CONFLICT(detection_id) DO NOTHING`);
    this.#still = db
      .prepare<[string], string | null>(
        "SELECT still_path FROM inspections JOIN detections USING(inspection_id) WHERE detection_id = ?",
      )
      .pluck();
    this.#known = db.prepare<[string], number>("SELECT 1 FROM inspections WHERE inspection_id = ?").pluck();
  }

  /** Whether an inspection has been entered. */
  has(inspectionId: string): boolean {
    return this.#known.get(inspectionId) !== undefined;
  }

  /** Enters an inspection with its detections. False where it is known already. */
  add(nodeId: string, detected: Detected, inspectedAt: string): boolean {
    const added = this.#insert.run({
      inspection_id: detected.inspection_id,
      upload_id: detected.upload.upload_id,
      node_id: nodeId,
      sha256: detected.upload.sha256,
      outcome: detected.detections.length > 0 ? "seen" : "nothing",
      frame_width: detected.frame.width,
      frame_height: detected.frame.height,
      still_path: detected.still_path,
      thumbnail_path: detected.thumbnail_path,
      duration_ms: detected.clip?.duration_ms ?? null,
      video_codec: detected.clip?.codec ?? null,
      mime_type: detected.clip?.mime_type ?? null,
      detector: detected.detector,
      inference_ms: detected.inference_ms,
      inspected_at: inspectedAt,
    });
    if (added.changes === 0) return false;
    for (const [n, detection] of detected.detections.entries()) {
      const { upload_id, frame_width, frame_height, ...own } = detection;
      this.#insertDetection.run({ ...own, inspection_id: detected.inspection_id, n });
    }
    return true;
  }

  /** The picture that was kept when this was seen: of a clip, its best frame. Null where none is known. */
  stillOf(detectionId: string): string | null {
    return this.#still.get(detectionId) ?? null;
  }

  /** Enters an inspection that came in a message: no node of ours made it, so it has its own id. False where it is known. */
  adopt(detected: Detected, inspectedAt: string): boolean {
    return this.add(detected.inspection_id, detected, inspectedAt);
  }
}
