/** What `detect` does: looks at a picture or a clip, stores what was found and draws it. */
import type { Detector } from "../detect/detector.ts";
import type { Filters } from "../detect/filters.ts";
import { toDetections } from "../detect/normalise.ts";
import type { Detected } from "../domain/detection.ts";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import type { AskableServer } from "../domain/server-report.ts";
import { toIso } from "../domain/time.ts";
import { Upload } from "../domain/upload.ts";
import { giveBack } from "../media/blocks.ts";
import type { Ffmpeg } from "../media/ffmpeg.ts";
import { loggedName, sentName } from "../media/file-name.ts";
import { pictureFrame } from "../media/picture.ts";
import { readUpload } from "../media/read-file.ts";
import { decodeSmall, toGrey } from "../media/small-picture.ts";
import { drawThumbnail } from "../media/thumbnail.ts";
import { isUpright, turnUpright } from "../media/upright.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { Nothing } from "../store/uploads.ts";
import { admitMedia } from "./admit-media.ts";
import { lookAtClip } from "./clip-inspection.ts";
import { describeUpload } from "./describe-upload.ts";
import { airHeir } from "./heirs.ts";
import type { Looking, Picture, Seen } from "./looking.ts";
import { confirmHealthy, isGone } from "./root-health.ts";
import { type Site, STILLS, THUMBNAILS } from "./site.ts";
import type { Result, SlowStage } from "./stage.ts";
import type { SeenPicture } from "./view-watch.ts";
import { watchedFile } from "./watched-file.ts";

export interface InspectionOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly detector: Detector;
  /** That of the detector's server; absent where it has none. */
  readonly gate?: ServerGate | undefined;
  /** Takes the frames out of clips. */
  readonly ffmpeg: Ffmpeg;
  /** Frames of a clip to look at, at most. */
  readonly framesPerClip: number;
  readonly filters: Filters;
  /** Node-RED's user directory: what relative paths in messages start from. */
  readonly userDir: string;
  /** The camera of a picture or clip whose message names none. */
  readonly defaultCamera: string;
  readonly publish: boolean;
  /** Whether it watches what the cameras look at. */
  readonly watchViews: boolean;
}

const SEEN_PORT = 0;
const NOTHING_PORT = 1;

export function inspectionStage(options: InspectionOptions): SlowStage<Upload> {
  return {
    input: Upload,
    describe: (upload) => describeUpload(upload, options.site.clock.now()),
    ...(options.gate && { gate: options.gate, server: askable(options.detector) }),
    concurrency: options.detector.concurrency,
    admit: (message: FlowMessage) => admitMedia(message, options),
    work: (upload, _job, signal) => inspect(upload, options, signal),
  };
}

function askable(detector: Detector): AskableServer {
  return { address: detector.name, look: (signal) => detector.look(signal) };
}

/** What `NativeWork` knows a node's inspection of an upload by; each step of it goes on with a name of its own. */
export function inspectionHazard(nodeId: string, uploadId: string): string {
  return `inspection ${nodeId} ${uploadId}`;
}

async function inspect(upload: Upload, options: InspectionOptions, signal: AbortSignal): Promise<Result> {
  const { site, nodeId, detector, filters, publish } = options;
  if (!site.settings.ofCamera(upload.camera_id).detection) return endWithout(upload, "skipped", site);
  const found = watchedFile(upload, site);
  const hazard = inspectionHazard(nodeId, upload.upload_id);
  const inspectionId = deriveId("inspection", upload.upload_id, nodeId, upload.sha256);
  const decode = <T>(step: string, work: () => Promise<T>) => site.nativeWork.run(`${hazard} ${step}`, work, signal);
  const looking: Looking = {
    upload,
    found,
    signal,
    decode,
    toDetections: (sighting, frame) =>
      toDetections(sighting, {
        filters,
        cameraId: upload.camera_id,
        uploadId: upload.upload_id,
        inspectionId,
        capturedAt: upload.captured_at,
        ...(frame && { frame }),
      }),
  };
  const isClip = upload.media_type === "video";
  const looked = isClip ? lookAtClip(looking, { ...options, logger: site.logger }) : lookAtStill(looking, detector);
  const seen = await looked.catch(asError);
  if (seen instanceof Error) {
    if (!(seen instanceof MediaError) || seen.code !== "FILE_GONE") throw seen;
    if (found && !(await isGone(found, site.store))) {
      throw new MediaError("FILE_BACK", `${loggedName(upload.path)} was away for a moment`, {
        retryable: true,
      });
    }
    return endWithout(upload, "gone", site, seen);
  }
  if (seen === null) {
    // What lies there while the drive is away is another file.
    if (found) await confirmHealthy(found.root, site.store);
    site.logger.warn(`${loggedName(upload.path)} was overwritten before it was looked at`);
    // The new content is an upload of its own.
    return endWithout(upload, "superseded", site);
  }
  const { best, detections, clip, inferenceMs } = seen;
  const isSeen = detections.length > 0;
  const fileIn = (folder: string) =>
    site.file(folder, upload.camera_id, upload.captured_at.slice(0, 10), `${inspectionId}.jpg`);
  const stillPath = clip ? fileIn(STILLS) : upload.path;
  const thumbnailPath = fileIn(THUMBNAILS);
  // On the disk before its row: a row never names a picture that is not there.
  if (isSeen && clip) await site.writeFile(stillPath, best.bytes);
  const isWanted = options.watchViews && site.views.wants(upload);
  const small = isWanted ? await decode("view", () => shrink(best)).catch(unlessMedia) : null;
  if (isSeen) {
    const draw = () => drawThumbnail(small?.preview ?? best.preview ?? best.bytes, best.detections);
    await site.writeFile(thumbnailPath, await decode("thumbnail", draw));
  }
  // A detector that has answered is done with them as well.
  giveBack(best.bytes);
  const detected: Detected = {
    inspection_id: inspectionId,
    upload,
    frame: best.frame,
    detections,
    still_path: isSeen ? stillPath : null,
    thumbnail_path: isSeen ? thumbnailPath : null,
    ...(clip && { clip }),
    detector: detector.name,
    inference_ms: inferenceMs,
  };
  return {
    commit: (tables) => {
      tables.uploads.adopt(upload);
      tables.uploads.reopen(upload.upload_id);
      const added = tables.inspections.add(nodeId, detected, toIso(site.clock.now()));
      if (added && small) site.views.see(tables, upload, small);
      if (added && isSeen && publish) tables.afterCommit(() => site.bus.emit("detected", detected));
      return [
        {
          port: isSeen ? SEEN_PORT : NOTHING_PORT,
          topic: upload.camera_id,
          payload: detected,
          subject: isSeen ? { kind: "detected", id: inspectionId } : null,
        },
      ];
    },
  };
}

/** A picture as the watch on views wants it. Throws a MediaError where it cannot be decoded. */
async function shrink({ bytes, preview: decoded, detections }: Picture): Promise<SeenPicture> {
  const preview = decoded ?? (await decodeSmall(bytes));
  return { preview, grey: await toGrey(preview), detections };
}

/** A picture that a server takes and this process cannot decode shows no view, and is no failure. */
function unlessMedia(error: unknown): null {
  if (error instanceof MediaError) return null;
  throw error;
}

/** Null where the file is not the upload's any more. Throws what reading it and the detector throw. */
async function lookAtStill(looking: Looking, detector: Detector): Promise<Seen | null> {
  const { upload, signal, decode, toDetections } = looking;
  const { bytes: stored, sha256 } = await readUpload(upload.path);
  if (sha256 !== upload.sha256) return null;
  // A server may look at a picture as it is stored: then its boxes would be of another picture than the one people see.
  const isReady = (await isUpright(stored)) || detector.inProcess;
  const bytes = isReady ? stored : await decode("upright", () => turnUpright(stored));
  const frame = await pictureFrame(bytes);
  const picture = { bytes, frame, fileName: sentName(upload.path), cameraId: upload.camera_id };
  const look = () => detector.detect(picture, signal);
  const sighting = await (detector.inProcess ? decode("look", look) : look());
  const { inferenceMs, preview } = sighting;
  const detections = toDetections(sighting);
  return { detections, best: { bytes, frame, detections, preview }, inferenceMs };
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
