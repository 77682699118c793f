/** Pictures that are stored turned or mirrored, with an EXIF orientation that says so: not everybody looks at that. */
import { checkPicture, openPicture, pictureError } from "./picture.ts";

/** Nothing that was to be seen may get lost by being encoded anew. */
const QUALITY = 95;

/** Whether a picture is stored as people see it; its header says so. Throws a MediaError as `checkPicture` does. */
export async function isUpright(picture: Buffer): Promise<boolean> {
  const { orientation = 1 } = await checkPicture(picture);
  return orientation === 1;
}

/** The same picture as a JPEG that is stored as people see it. Throws a MediaError as `validatePicture` does. */
export async function turnUpright(picture: Buffer): Promise<Buffer> {
  await checkPicture(picture);
  try {
    return await openPicture(picture).autoOrient().jpeg({ quality: QUALITY }).toBuffer();
  } catch (thrown) {
    throw pictureError(thrown);
  }
}
