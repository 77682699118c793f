/** Which files are pictures or clips, by their names. */
import { extname } from "node:path";
import type { MediaType } from "../domain/upload.ts";

const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map([
  [".jpg", "image"],
  [".jpeg", "image"],
  [".png", "image"],
  [".mp4", "video"],
  [".mkv", "video"],
  [".avi", "video"],
  [".mov", "video"],
]);

/** The kind of media a file's extension promises, in any case; null for every other file. */
export function mediaTypeOf(fileName: string): MediaType | null {
  return BY_EXTENSION.get(extname(fileName).toLowerCase()) ?? null;
}
