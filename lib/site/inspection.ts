/** What `detect` does: looks at a picture, stores what was found and draws it. */
import { join } from "node:path";
import type { Detector } from "../detect/detector.ts";
import { toDetections } from "../detect/normalise.ts";
import type { Detected } from "../domain/detection.ts";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import { Upload } from "../domain/upload.ts";
import { loggedName, sentName } from "../media/file-name.ts";
import { checkPicture } from "../media/picture.ts";
import { readUpload } from "../media/read-file.ts";
import { drawThumbnail } from "../media/thumbnail.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { Nothing, UploadFile } from "../store/uploads.ts";
import { admitPicture } from "./admit-picture.ts";
import { describeUpload } from "./describe-upload.ts";
import { airHeir } from "./heirs.ts";
import { confirmHealthy, isGone } from "./root-health.ts";
import { type Site, THUMBNAILS } from "./site.ts";
import type { Result, SlowStage } from "./stage.ts";

export interface InspectionOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly detector: Detector;
  /** That of the detector's server; absent where it has none. */
  readonly gate?: ServerGate | undefined;
  readonly minConfidence: number;
  /** The camera of a picture whose message names none. */
  readonly defaultCamera: string;
  readonly publish: boolean;
}

const SEEN_PORT = 0;
const NOTHING_PORT = 1;

export function inspectionStage(options: InspectionOptions): SlowStage<Upload> {
  return {
    input: Upload,
    describe: (upload) => describeUpload(upload, options.site.clock.now()),
    ...(options.gate && { gate: options.gate }),
    concurrency: options.detector.concurrency,
    admit: (message: FlowMessage) => admitPicture(message, options),
    work: (upload, _job, signal) => inspect(upload, options, signal),
  };
}

/** What `NativeWork` knows a node's inspection of an upload by. */
export function inspectionHazard(nodeId: string, uploadId: string): string {
  return `inspection ${nodeId} ${uploadId}`;
}

async function inspect(upload: Upload, options: InspectionOptions, signal: AbortSignal): Promise<Result> {
  const { site, nodeId, detector, minConfidence, publish } = options;
  if (upload.media_type === "video") {
    throw new MediaError(
      "VIDEO_UNSUPPORTED",
      `${loggedName(upload.path)} is a video, and detect looks at still pictures only`,
    );
  }
  const found = watchedFile(upload, site);
  const file = await readUpload(upload.path).catch(asError);
  if (file instanceof Error) {
    if (!(file instanceof MediaError) || file.code !== "FILE_GONE") throw file;
    if (found && !(await isGone(found, site.store))) {
      throw new MediaError("FILE_BACK", `${loggedName(upload.path)} was away for a moment`, {
        retryable: true,
      });
    }
    return endWithout(upload, "gone", site, file);
  }
  if (file.sha256 !== upload.sha256) {
    // What lies there while the drive is away is another file.
    if (found) await confirmHealthy(found.root, site.store);
    site.logger.warn(`${loggedName(upload.path)} was overwritten before it was looked at`);
    // The new content is an upload of its own.
    return endWithout(upload, "superseded", site);
  }
  const hazard = inspectionHazard(nodeId, upload.upload_id);
  const decode = <T>(work: () => Promise<T>) => site.nativeWork.run(hazard, work, signal);
  const look = async () => {
    await checkPicture(file.bytes);
    const picture = { bytes: file.bytes, fileName: sentName(upload.path), cameraId: upload.camera_id };
    return detector.detect(picture, signal);
  };
  const sighting = await (detector.inProcess ? decode(look) : look());
  const inspectionId = deriveId("inspection", upload.upload_id, nodeId, upload.sha256);
  const detections = toDetections(sighting, {
    minConfidence,
    uploadId: upload.upload_id,
    inspectionId,
    capturedAt: upload.captured_at,
  });
  const seen = detections.length > 0;
  const thumbnailPath = site.file(THUMBNAILS, upload.camera_id, upload.captured_at.slice(0, 10), `${inspectionId}.jpg`);
  // On the disk before its row: a row never names a picture that is not there.
  if (seen) await site.writeFile(thumbnailPath, await decode(() => drawThumbnail(file.bytes, detections)));
  const detected: Detected = {
    inspection_id: inspectionId,
    upload,
    frame: sighting.frame,
    detections,
    still_path: seen ? upload.path : null,
    thumbnail_path: seen ? thumbnailPath : null,
    detector: detector.name,
    inference_ms: sighting.inferenceMs,
  };
  return {
    commit: (tables) => {
      tables.uploads.adopt(upload);
      tables.uploads.reopen(upload.upload_id);
      const added = tables.inspections.add(nodeId, detected, toIso(site.clock.now()));
      if (added && seen && publish) tables.afterCommit(() => site.bus.emit("detected", detected));
      return [
        {
          port: seen ? SEEN_PORT : NOTHING_PORT,
          topic: upload.camera_id,
          payload: detected,
          subject: seen ? { kind: "detected", id: inspectionId } : null,
        },
      ];
    },
  };
}

/** The upload's file in a watched folder, if that is what is looked at, and not a picture made of it. */
function watchedFile({ upload_id, path }: Upload, { store }: Site): UploadFile | undefined {
  const found = store.uploads.fileOf(upload_id);
  return found && join(found.root, found.path) === path ? found : undefined;
}

/** Ends a job without an inspection: what became of the upload is all there is to say. */
function endWithout(upload: Upload, what: Nothing, site: Site, failure?: MediaError): Result {
  return {
    commit: (tables) => {
      tables.uploads.adopt(upload);
      tables.uploads.end(upload.upload_id, what);
      airHeir(tables, site, upload.upload_id);
      return [];
    },
    askedServer: false,
    ...(failure && { failure }),
  };
}
