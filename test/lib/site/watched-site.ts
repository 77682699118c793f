/** A site with a watched folder, into which the porch's camera has uploaded. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { Site } from "../../../lib/site/site.ts";
import { EMPTY_BATCH } from "../../support/empty-batch.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { tempFolder } from "../../support/temp-folder.ts";

export const AT = "2026-11-20T12:00:00.000Z";
/** Of the pictures in which something is seen. */
export const FRAME = { frame_width: 640, frame_height: 360 };

export class WatchedSite {
  readonly folder = tempFolder();
  readonly root = join(this.folder, "ftp");
  readonly dataDir = join(this.folder, "data");
  /** What was warned of. */
  readonly log: string[] = [];
  readonly clock = new FakeClock(Date.parse(AT));
  readonly site: Site;

  constructor() {
    const warn = (text: string) => this.log.push(text);
    const logger = { debug: () => {}, info: () => {}, warn, error: () => {} };
    const { dataDir, clock } = this;
    this.site = new Site({ config: SiteConfig.parse({}), dataDir, clock, logger, onMqttState: () => {} });
  }

  put(path: string, bytes: Buffer): Buffer {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return bytes;
  }

  /** An upload as `foscam-watch` has handed it on. */
  upload(name: string, bytes: Buffer, changes: Partial<Upload> = {}): Upload {
    const path = `porch/${name}`;
    this.put(join(this.root, path), bytes);
    const record: Upload = {
      upload_id: `up_${name}`,
      camera_id: "porch",
      path: join(this.root, path),
      media_type: "image",
      size: bytes.length,
      captured_at: AT,
      received_at: AT,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      ...changes,
    };
    const file = { root: this.root, path, size: bytes.length, mtimeNs: 1n };
    const { upload_id: uploadId, media_type: mediaType } = record;
    const { found } = this.site.store;
    found.enter({ ...file, uploadId, cameraId: "porch", mediaType, receivedAt: AT, state: "found" });
    found.hand(record, file);
    return record;
  }

  close(): Promise<void> {
    return this.site.close();
  }
}

/** Something that was seen in an upload. */
export function seen(label: string, of: Upload, changes: Partial<Detection> = {}): Detection {
  return {
    detection_id: `de_${label}_${of.upload_id}`,
    upload_id: of.upload_id,
    captured_at: of.captured_at,
    offset_ms: 0,
    label,
    confidence: 0.8,
    x: 100,
    y: 100,
    width: 200,
    height: 150,
    ...FRAME,
    ...changes,
  };
}

export function batchOf(still_path: string | null, uploads: Upload[], detections: Detection[]): Batch {
  return { ...EMPTY_BATCH, still_path, uploads, detections };
}
