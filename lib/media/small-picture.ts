/** The small pictures in which an upload is looked at and compared. */
import sharp from "sharp";
import { type Grey, type Pixels, THUMBNAIL } from "../domain/pixels.ts";
import { decodePicture } from "./picture.ts";

/** Longer side of a picture in grey, in pixels. */
const GREY_SIDE = 160;

/** A picture, upright and no larger than a thumbnail. Throws a MediaError as `validatePicture` does. */
export async function decodeSmall(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await decodePicture(bytes, (opened) =>
    opened
      .autoOrient()
      .resize({ ...THUMBNAIL, fit: "inside", withoutEnlargement: true })
      .flatten()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  return { width: info.width, height: info.height, rgb: data };
}

/** Its grey levels, 160 pixels along the longer side. */
export async function toGrey({ width, height, rgb }: Pixels): Promise<Grey> {
  const { data, info } = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: GREY_SIDE, height: GREY_SIDE, fit: "inside" })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, levels: data };
}
