/** The way to a detector's server over HTTP. */
import { basename } from "node:path";
import { multipartForm, type Part } from "../resilience/multipart.ts";
import { oneLine } from "../resilience/one-line.ts";
import { type Body, type ConnectionOptions, ServerConnection } from "../resilience/server-connection.ts";
import type { Picture } from "./detector.ts";

/** A full reply has about 100 bytes a box; this is room for 80,000. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** As long as a file's name can be. */
const MAX_FILE_NAME = 255;

const DETECTOR = {
  code: "DETECTOR",
  name: "detector",
  answers: "detections",
  example: "http://192.168.1.10:8095",
} as const;

export type ServerOptions = Omit<ConnectionOptions, "maxReplyBytes">;

/** Pictures as a form, each in a field of this name, and what else is asked for. */
export function pictureForm(field: string, pictures: readonly Picture[], others: readonly Part[] = []): Body {
  const files = pictures.map(({ bytes, fileName }) => ({
    name: field,
    // A server may drop the connection over a control character in a multipart header.
    fileName: oneLine(basename(fileName), MAX_FILE_NAME),
    bytes,
  }));
  return multipartForm([...files, ...others]);
}

/** Its errors' codes begin with DETECTOR. Throws as `ServerConnection` does. */
export function connectDetector(options: ServerOptions): ServerConnection {
  return new ServerConnection(DETECTOR, { ...options, maxReplyBytes: MAX_REPLY_BYTES });
}
