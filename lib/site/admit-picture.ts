/** Makes an upload of a picture that came as bytes or as a path: from an `http in`, an MQTT camera, another system. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";
import { giveBack } from "../media/blocks.ts";
import { cameraId } from "../media/camera-id.ts";
import { captureTime } from "../media/capture-time.ts";
import { imageFormat } from "../media/format.ts";
import { mediaTypeOf } from "../media/media-type.ts";
import { readUpload } from "../media/read-file.ts";
import { validatePicture } from "../media/validate.ts";
import { InputError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { originOf } from "../store/job-key.ts";
import { INBOX, type Site } from "./site.ts";

/** Taking a message in is not aborted: nobody would send it again. */
const NEVER = new AbortController().signal;

export interface AdmitOptions {
  readonly site: Site;
  readonly defaultCamera: string;
}

/** The payload as an upload; any other payload comes back as it is. Throws an InputError or a MediaError. */
export async function admitPicture(message: FlowMessage, options: AdmitOptions): Promise<unknown> {
  const { payload } = message;
  if (Buffer.isBuffer(payload)) return admitBytes(payload, message, options);
  if (typeof payload === "string") return admitPath(payload, message, options);
  return payload;
}

async function admitBytes(bytes: Buffer, message: FlowMessage, options: AdmitOptions): Promise<Upload> {
  const { site } = options;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await site.nativeWork.run(sha256, () => validatePicture(bytes), NEVER);
  const sent = sentUpload(message, site);
  const camera = cameraOf(message, options, sent);
  const path = site.file(INBOX, `${sha256}.${imageFormat(bytes) === "png" ? "png" : "jpg"}`);
  // Nobody can send the bytes again.
  await site.writeFile(path, bytes, { flush: true });
  if (sent) return pictureOf(sent, { camera_id: camera, path, sha256, size: bytes.length });
  const now = toIso(site.clock.now());
  return {
    // The same bytes may come twice on purpose, in messages of their own.
    upload_id: deriveId("upload", camera, sha256, originOf(message) ?? now),
    camera_id: camera,
    path,
    media_type: "image",
    size: bytes.length,
    captured_at: now,
    received_at: now,
    sha256,
  };
}

async function admitPath(path: string, message: FlowMessage, options: AdmitOptions): Promise<Upload> {
  const { site } = options;
  if (mediaTypeOf(path) !== "image") {
    throw new InputError(
      "NOT_A_PICTURE",
      `"${oneLine(path, 80)}" is not the path of a picture, which ends in .jpg, .jpeg or .png; a picture itself must be a Buffer, not text`,
    );
  }
  const { bytes, sha256 } = await readUpload(path);
  const size = bytes.length;
  giveBack(bytes);
  const sent = sentUpload(message, site);
  const camera = cameraOf(message, options, sent);
  if (sent) return pictureOf(sent, { camera_id: camera, path, sha256, size });
  const { mtimeMs } = await stat(path);
  const receivedMs = site.clock.now();
  const timeZone = site.camera(camera).time_zone;
  return {
    upload_id: deriveId("upload", camera, sha256, path, Math.trunc(mtimeMs)),
    camera_id: camera,
    path,
    media_type: "image",
    size,
    captured_at: captureTime({ name: path, mtimeMs, receivedMs, timeZone }).capturedAt,
    received_at: toIso(receivedMs),
    sha256,
  };
}

/** The upload that the message was sent with, which a user's node has read, cut or replaced by another picture. */
function sentUpload({ handover }: FlowMessage, { store }: Site): Upload | undefined {
  const subjectId = typeof handover === "string" ? store.handovers.subjectOf(handover) : null;
  return subjectId === null ? undefined : store.uploads.get(subjectId);
}

/** A picture that came of an upload stays that upload's: what is seen in it is one more inspection of the upload. */
function pictureOf(sent: Upload, picture: Pick<Upload, "camera_id" | "path" | "sha256" | "size">): Upload {
  return { ...sent, ...picture, media_type: "image" };
}

function cameraOf({ topic }: FlowMessage, { site, defaultCamera }: AdmitOptions, sent: Upload | undefined): string {
  const name = typeof topic === "string" && topic !== "" ? topic : (sent?.camera_id ?? defaultCamera);
  if (name === "") {
    throw new InputError("NO_CAMERA", "The picture's camera is unknown: set msg.topic, or a camera in the node");
  }
  const id = cameraId(name);
  const now = toIso(site.clock.now());
  site.store.transaction((tables) => {
    if (tables.cameras.know(id, now)) tables.afterCommit(() => site.bus.emit("camera", id));
    tables.cameras.hear(id, now);
  });
  return id;
}
