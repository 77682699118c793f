/** What people call a camera that nobody has named. */
import { oneLine } from "../resilience/one-line.ts";

/** In characters. */
export const LONGEST_NAME = 100;

/** Its folder, or else its id. */
export function nameByFolder(cameraId: string, folder: string | undefined): string {
  return oneLine(folder ?? "", LONGEST_NAME) || cameraId;
}
