/** From boxes in a picture as it is stored to boxes in the picture as people see it. */
import type { Frame } from "../domain/detection.ts";
import type { Box, Sighting } from "./detector.ts";
import { type PictureHeader, readPictureHeader } from "./picture-frame.ts";

type Measured = Pick<Sighting, "frame" | "boxes">;

/** Boxes of a server that decodes without regard to EXIF, in the upright picture. Throws as `readPictureHeader` does. */
export async function fromStored(boxes: readonly Box[], bytes: Buffer): Promise<Measured> {
  return upright(boxes, await readPictureHeader(bytes));
}

/**
 * Boxes of a server that states the size of the picture it looked at, in the upright picture. The servers that Vigil
 * knows decode without regard to EXIF; one that does turn pictures is known by its size, where turning changes that.
 * Null where it is another picture's size, which would put every box out of place.
 */
export async function fromStated(boxes: readonly Box[], stated: Frame, bytes: Buffer): Promise<Measured | null> {
  const header = await readPictureHeader(bytes).catch(() => null);
  // The server may take formats that we cannot read, such as BMP.
  if (header === null) return { frame: stated, boxes };
  if (isSame(stated, header.stored)) return upright(boxes, header);
  return isSame(stated, header.frame) ? { frame: stated, boxes } : null;
}

function isSame(one: Frame, other: Frame): boolean {
  return one.width === other.width && one.height === other.height;
}

/** The orientations whose stored pictures have left and right exchanged, */
const MIRRORED: readonly number[] = [2, 3, 7, 8];
/** top and bottom exchanged, */
const FLIPPED: readonly number[] = [3, 4, 6, 7];
/** and then rows for columns. */
const TRANSPOSED: readonly number[] = [5, 6, 7, 8];

function upright(boxes: readonly Box[], { frame, stored, orientation }: PictureHeader): Measured {
  const turn = (box: Box): Box => {
    const x = MIRRORED.includes(orientation) ? stored.width - box.x - box.width : box.x;
    const y = FLIPPED.includes(orientation) ? stored.height - box.y - box.height : box.y;
    if (!TRANSPOSED.includes(orientation)) return { ...box, x, y };
    return { ...box, x: y, y: x, width: box.height, height: box.width };
  };
  return { frame, boxes: boxes.map(turn) };
}
