/** Makes an upload of a picture or clip that came as bytes or as a path: from an `http in`, an MQTT camera, another machine. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { deriveId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso } from "../domain/time.ts";
import { type MediaType, Upload } from "../domain/upload.ts";
import { cameraId } from "../media/camera-id.ts";
import { captureTime } from "../media/capture-time.ts";
import { loggedName } from "../media/file-name.ts";
import { FORMAT_HEAD_BYTES, imageFormat, videoFormat } from "../media/format.ts";
import { mediaTypeOf } from "../media/media-type.ts";
import { openFile } from "../media/open-file.ts";
import { readAt } from "../media/read-at.ts";
import { checkSize, hashFile } from "../media/read-file.ts";
import { sentBytes } from "../media/sent-bytes.ts";
import { validatePicture, validateVideoHeader } from "../media/validate.ts";
import { InputError, MediaError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { originOf } from "../store/job-key.ts";
import { INBOX, type Site } from "./site.ts";

/** Taking a message in is not aborted: nobody would send it again. */
const NEVER = new AbortController().signal;

/** Which of a format's extensions bytes are stored under. */
const EXTENSION = { jpeg: "jpg", png: "png", mp4: "mp4", avi: "avi", matroska: "mkv" } as const;

export interface AdmitOptions {
  readonly site: Site;
  /** What relative paths start from. */
  readonly userDir: string;
  readonly defaultCamera: string;
}

/** What a file is, whoever's it is. */
type Content = Pick<Upload, "path" | "media_type" | "size" | "sha256">;

/** The payload as an upload; a record comes back as it is, for its schema to check. Throws an InputError or a MediaError. */
export async function admitMedia(message: FlowMessage, options: AdmitOptions): Promise<unknown> {
  const { payload } = message;
  const bytes = sentBytes(payload);
  if (bytes) return admitBytes(bytes, message, options);
  if (typeof payload === "string") return admitPath(payload, message, options);
  if (typeof payload === "object" && payload !== null && "upload_id" in payload) return payload;
  throw new InputError(
    "BAD_PAYLOAD",
    `msg.payload must be a picture or clip as a Buffer or base64, its path, or an upload; it is ${describe(payload)}`,
  );
}

function describe(payload: unknown): string {
  if (Array.isArray(payload)) return "a list: a split node sends one message for each of its parts";
  if (typeof payload !== "object" || payload === null) return oneLine(String(payload), 80);
  return `an object with ${oneLine(Object.keys(payload).join(", "), 80) || "nothing in it"}`;
}

async function admitBytes(bytes: Buffer, message: FlowMessage, options: AdmitOptions): Promise<Upload> {
  const { site } = options;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const named = namedUpload(message, sha256);
  const video = videoFormat(bytes);
  if (video === null) await site.nativeWork.run(sha256, () => validatePicture(bytes), NEVER);
  const sent = named ?? sentUpload(message, site);
  const camera_id = named ? enterCamera(named.camera_id, site) : cameraOf(message, options, sent);
  const extension = EXTENSION[video ?? imageFormat(bytes) ?? "jpeg"];
  const path = site.file(INBOX, `${sha256}.${extension}`);
  // Nobody can send the bytes again.
  await site.writeFile(path, bytes, { flush: true });
  const content: Content = { path, media_type: video === null ? "image" : "video", size: bytes.length, sha256 };
  if (sent) return { ...sent, camera_id, ...content };
  const now = toIso(site.clock.now());
  return {
    // The same bytes may come twice on purpose, in messages of their own.
    upload_id: deriveId("upload", camera_id, sha256, originOf(message) ?? now),
    camera_id,
    captured_at: now,
    received_at: now,
    ...content,
  };
}

async function admitPath(given: string, message: FlowMessage, options: AdmitOptions): Promise<Upload> {
  const { site, userDir } = options;
  if (/^[a-z]+:\/\//i.test(given)) {
    // Not repeated: cameras have passwords in theirs.
    throw new InputError(
      "NOT_A_MEDIA_FILE",
      "msg.payload is a URL: put an http request node that returns a binary buffer before this one",
    );
  }
  const mediaType = mediaTypeOf(given);
  if (mediaType === null) {
    throw new InputError(
      "NOT_A_MEDIA_FILE",
      `"${oneLine(given, 80)}" is neither base64 of a picture or clip nor the path of one, which ends in .jpg, .jpeg, .png, .mp4, .mov, .mkv or .avi`,
    );
  }
  const path = resolve(userDir, given);
  const { mtimeMs, ...content } = await readContent(path, mediaType);
  const sent = sentUpload(message, site);
  const camera_id = cameraOf(message, options, sent);
  if (sent) return { ...sent, camera_id, ...content };
  const receivedMs = site.clock.now();
  const timeZone = site.camera(camera_id).time_zone;
  return {
    upload_id: deriveId("upload", camera_id, content.sha256, path, Math.trunc(mtimeMs)),
    camera_id,
    captured_at: captureTime({ name: path, mtimeMs, receivedMs, timeZone }).capturedAt,
    received_at: toIso(receivedMs),
    ...content,
  };
}

async function readContent(path: string, mediaType: MediaType): Promise<Content & { mtimeMs: number }> {
  const open = await openFile(path).catch((thrown: unknown) => {
    if (!(thrown instanceof MediaError) || thrown.code !== "FILE_GONE") throw thrown;
    // Nobody knows whether it ever did.
    throw new MediaError("FILE_GONE", `${loggedName(path)} does not exist on this machine`, { cause: thrown });
  });
  try {
    const size = Number(open.stats.size);
    checkSize(mediaType, size);
    if (mediaType === "video") validateVideoHeader(await readAt(open.file, 0, FORMAT_HEAD_BYTES), loggedName(path));
    const sha256 = await hashFile(open, NEVER);
    return { path, media_type: mediaType, size, sha256, mtimeMs: Number(open.stats.mtimeMs) };
  } finally {
    await open.file.close();
  }
}

/**
 * The upload that the message was sent with, which a user's node has read, cut or replaced by another picture. What came
 * of an upload stays that upload's: what is seen in it is one more inspection of the upload.
 */
function sentUpload({ handover }: FlowMessage, { store }: Site): Upload | undefined {
  const subjectId = typeof handover === "string" ? store.handovers.subjectOf(handover) : null;
  return subjectId === null ? undefined : store.uploads.get(subjectId);
}

/** The upload of another machine whose bytes these are. Throws an InputError. */
function namedUpload({ upload }: FlowMessage, sha256: string): Upload | undefined {
  if (upload === undefined) return undefined;
  const named = Upload.safeParse(upload);
  if (!named.success) {
    const [issue] = named.error.issues;
    const where = ["msg.upload", ...(issue?.path ?? [])].join(".");
    throw new InputError("BAD_UPLOAD", `${where}: ${issue?.message}; it must be an upload as foscam-watch sends it`);
  }
  if (named.data.sha256 === sha256) return named.data;
  throw new InputError(
    "OTHER_BYTES",
    `The bytes are not those of the upload ${oneLine(named.data.upload_id, 80)} in msg.upload: its file has changed, or was not sent whole`,
  );
}

function cameraOf({ topic }: FlowMessage, { site, defaultCamera }: AdmitOptions, sent: Upload | undefined): string {
  const name = typeof topic === "string" && topic !== "" ? topic : (sent?.camera_id ?? defaultCamera);
  if (name === "") {
    throw new InputError(
      "NO_CAMERA",
      "The camera is unknown: set msg.topic to its name, or name it under Camera in the node's form",
    );
  }
  return enterCamera(cameraId(name), site);
}

function enterCamera(id: string, site: Site): string {
  const now = toIso(site.clock.now());
  site.store.transaction((tables) => {
    if (tables.cameras.know(id, now)) tables.afterCommit(() => site.bus.emit("camera", id));
    tables.cameras.hear(id, now);
  });
  return id;
}
