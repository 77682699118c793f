/** Pictures that are stored turned or mirrored, with an EXIF orientation that says so: not everybody looks at that. */
import { checkPicture, decodePicture } from "./picture.ts";

/** Nothing that was to be seen may get lost by being encoded anew. */
const QUALITY = 95;

/**
 * To turn a picture, all of it has to be in memory: one that claims 100 megapixels took 900 MB (measured). Detectors make
 * pictures smaller than this before they look at them.
 */
const LONGEST_SIDE = 4096;

/** Whether a picture is stored as people see it; its header says so. Throws a MediaError as `checkPicture` does. */
export async function isUpright(picture: Buffer): Promise<boolean> {
  const { orientation = 1 } = await checkPicture(picture);
  return orientation === 1;
}

/**
 * The same picture as a JPEG that is stored as people see it, its longest side 4096 pixels at most. Throws a MediaError as
 * `validatePicture` does.
 */
export function turnUpright(picture: Buffer): Promise<Buffer> {
  return decodePicture(picture, (opened) =>
    opened
      .autoOrient()
      .resize(LONGEST_SIDE, LONGEST_SIDE, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: QUALITY })
      .toBuffer(),
  );
}
