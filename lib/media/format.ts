/** File formats by their first bytes, whatever the name says. */

export type ImageFormat = "jpeg" | "png";
export type VideoFormat = "mp4" | "avi" | "matroska";

/** As many bytes as the functions here look at. */
export const FORMAT_HEAD_BYTES = 12;

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
export const EBML_ID = 0x1a45dfa3;

/** A QuickTime file from before 2001 has no `ftyp`: it starts with one of these. */
const MP4_FIRST_BOXES = new Set(["ftyp", "moov", "mdat", "wide", "free", "skip"]);

/** The picture format that starts with these bytes; null for anything that is neither JPEG nor PNG. */
export function imageFormat(head: Buffer): ImageFormat | null {
  if (head.length >= 3 && head.readUIntBE(0, 3) === 0xffd8ff) return "jpeg";
  if (head.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return "png";
  return null;
}

/** The clip format that starts with these bytes; `mp4` stands for QuickTime as well. Null for anything else. */
export function videoFormat(head: Buffer): VideoFormat | null {
  if (head.length < FORMAT_HEAD_BYTES) return null;
  if (head.readUInt32BE(0) === EBML_ID) return "matroska";
  if (head.toString("latin1", 0, 4) === "RIFF") return head.toString("latin1", 8, 12) === "AVI " ? "avi" : null;
  return MP4_FIRST_BOXES.has(head.toString("latin1", 4, 8)) ? "mp4" : null;
}
