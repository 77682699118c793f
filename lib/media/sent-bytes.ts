/** The bytes of a picture or clip, in each of the forms that flows send them in. */
import { isUint8Array } from "node:util/types";
import { z } from "zod";
import { imageFormat, videoFormat } from "./format.ts";

/** What JSON makes of a Buffer. */
const JsonBuffer = z.object({ type: z.literal("Buffer"), data: z.array(z.unknown()) });
const DATA_URL = /^data:[^,]*;base64,/i;
const BASE64 = /^[\w+/=\s-]+$/;
/** Base64 of more bytes than a format is told by. */
const HEAD_CHARACTERS = 24;

/**
 * Of a Buffer or another list of bytes, also one that went through JSON; of a data URL, and of base64 text that starts
 * like a picture or clip, which no path does. Null for any other payload.
 */
export function sentBytes(payload: unknown): Buffer | null {
  if (Buffer.isBuffer(payload)) return payload;
  // As `instanceof` cannot: a `function` node has classes of its own.
  if (isUint8Array(payload)) return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (typeof payload === "string") return bytesOfText(payload);
  const json = JsonBuffer.safeParse(payload);
  return json.success ? Buffer.from(Uint8Array.from(json.data.data, Number)) : null;
}

function bytesOfText(text: string): Buffer | null {
  const [dataUrl] = DATA_URL.exec(text) ?? [];
  if (dataUrl !== undefined) return Buffer.from(text.slice(dataUrl.length), "base64");
  const head = Buffer.from(text.slice(0, HEAD_CHARACTERS), "base64");
  const isMedia = imageFormat(head) !== null || videoFormat(head) !== null;
  return isMedia && BASE64.test(text) ? Buffer.from(text, "base64") : null;
}
