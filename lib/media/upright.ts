/** Pictures that are stored turned or mirrored, with an EXIF orientation that says so: not everybody looks at that. */
import { openPicture, pictureError } from "./picture.ts";

/** Nothing that was to be seen may get lost by being encoded anew. */
const QUALITY = 95;

/** Whether a picture is stored as people see it; its header says so. Throws a MediaError as `validatePicture` does. */
export async function isUpright(picture: Buffer): Promise<boolean> {
  const image = openPicture(picture);
  try {
    const { orientation = 1 } = await image.metadata();
    return orientation === 1;
  } catch (thrown) {
    throw pictureError(thrown);
  }
}

/** The same picture as a JPEG that is stored as people see it. Throws a MediaError as `validatePicture` does. */
export async function turnUpright(picture: Buffer): Promise<Buffer> {
  const image = openPicture(picture);
  try {
    return await image.autoOrient().jpeg({ quality: QUALITY }).toBuffer();
  } catch (thrown) {
    throw pictureError(thrown);
  }
}
