/** Pictures as pixels that can be drawn on, which costs less than having an SVG rendered and laid over them. */
import sharp, { type Sharp } from "sharp";
import type { Frame } from "../domain/detection.ts";
import type { Pixels } from "../domain/pixels.ts";
import { decodePicture } from "./picture.ts";

/** Whole pixels, origin at the top left. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Colour = readonly [red: number, green: number, blue: number];

const CHANNELS = 3;

/** Red, green and blue of each pixel, a byte each. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Buffer;

  private constructor(width: number, height: number, pixels: Buffer) {
    this.width = width;
    this.height = height;
    this.#pixels = pixels;
  }

  /**
   * A picture, upright and as large as it can be within a size, on black where it is transparent. A JPEG that is much
   * larger is never decoded whole. Throws a MediaError as `validatePicture` does.
   */
  static async of(picture: Buffer | Pixels, within: Frame & { enlarge: boolean }): Promise<Canvas> {
    const toPixels = (opened: Sharp) =>
      opened
        .autoOrient()
        .resize(within.width, within.height, { fit: "inside", withoutEnlargement: !within.enlarge })
        .flatten({ background: "black" })
        .toColourspace("srgb")
        .raw()
        .toBuffer({ resolveWithObject: true });
    const { data, info } = await (Buffer.isBuffer(picture)
      ? decodePicture(picture, toPixels)
      : toPixels(openPixels(picture)));
    return new Canvas(info.width, info.height, data);
  }

  /** Paints what of an area lies on the canvas. */
  fill(area: Area, [red, green, blue]: Colour): void {
    const left = Math.max(area.x, 0);
    const right = Math.min(area.x + area.width, this.width);
    const bottom = Math.min(area.y + area.height, this.height);
    for (let y = Math.max(area.y, 0); y < bottom; y++) {
      const end = (y * this.width + right) * CHANNELS;
      for (let at = (y * this.width + left) * CHANNELS; at < end; at += CHANNELS) {
        this.#pixels[at] = red;
        this.#pixels[at + 1] = green;
        this.#pixels[at + 2] = blue;
      }
    }
  }

  /** As a JPEG; where a larger size is given, in the middle of black of that size. */
  async toJpeg(quality: number, size: Frame = this): Promise<Buffer> {
    const { width, height } = this;
    const left = (size.width - width) >> 1;
    const top = (size.height - height) >> 1;
    return openPixels({ width, height, rgb: this.#pixels })
      .extend({ left, top, right: size.width - width - left, bottom: size.height - height - top, background: "black" })
      .jpeg({ quality })
      .toBuffer();
  }
}

function openPixels({ width, height, rgb }: Pixels): Sharp {
  return sharp(rgb, { raw: { width, height, channels: CHANNELS } });
}
