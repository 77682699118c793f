/** Finds what moved between a camera's pictures, without any server: each is compared with the camera's background. */
import sharp from "sharp";
import type { Frame } from "../domain/detection.ts";
import { type Grey, type Pixels, THUMBNAIL } from "../domain/pixels.ts";
import { onlyHealth, type ServerReport } from "../domain/server-report.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import { Background, type Difference, GONE, QUIET, THING } from "./background.ts";
import { type Box, type Detector, detectOneByOne, type Picture, type PictureFault, type Sighting } from "./detector.ts";
import { natureOf } from "./outline.ts";
import { changedPixels, findRegions, isAnotherScene, type Region, thresholdOf } from "./regions.ts";

/** The label of everything it finds. */
const LABEL = "motion";

/** Pictures are compared at this size: their longer side, in pixels. Thumbnails, to which they are decoded, are larger. */
const SIDE = 240;

/** Standard deviation of the smoothing at that size, in pixels. */
const BLUR = 0.8;

/** A picture with more pixels is not decoded. */
const MAX_PIXELS = 100_000_000;

/** Views whose background is remembered; the one not heard of for longest goes first. */
const MAX_VIEWS = 256;

/**
 * The built-in detector. A camera's first picture, or the first of another size, only sets its background. Each size has a
 * background of its own: a camera's clips mostly have another one than its stills, and come between them. The frames of
 * its first clip are compared with the first of them.
 *
 * `confidence` is the region's mean contrast, in grey levels, over twice the threshold, at most 1: whatever is reported
 * has at least 0.5. It says how clearly something changed, not how likely it is a person.
 */
export class MotionDetector implements Detector {
  readonly name = "motion";
  readonly inProcess = true;
  /** One, because a camera's pictures build on each other. */
  readonly concurrency = 1;
  /** By camera id and size, in order of use. */
  readonly #backgrounds = new Map<string, Background>();

  /** See `Detector`; `MediaError` UNREADABLE_IMAGE for bytes that are no picture. */
  async detect(picture: Picture, signal: AbortSignal): Promise<Sighting> {
    signal.throwIfAborted();
    const started = performance.now();
    const { frame } = picture;
    const preview = await decodeSmall(picture.bytes);
    const small = await toGrey(preview);
    signal.throwIfAborted();
    const regions = this.#regions(picture.cameraId, frame, small);
    const boxes = regions.map((region) => toBox(region, frame, small));
    return { frame, boxes, inferenceMs: performance.now() - started, preview };
  }

  async detectMany(pictures: readonly Picture[], signal: AbortSignal): Promise<(Sighting | PictureFault)[]> {
    return detectOneByOne(this, pictures, signal);
  }

  async look(): Promise<ServerReport> {
    return onlyHealth("ready");
  }

  reset(): void {
    this.#backgrounds.clear();
  }

  async close(): Promise<void> {
    this.reset();
  }

  /** What moved in a camera's picture; the background learns from it. */
  #regions(cameraId: string, frame: Frame, small: Grey): Region[] {
    const view = `${cameraId} ${frame.width}x${frame.height}`;
    const background = this.#backgrounds.get(view);
    const difference = background?.compare(small.levels);
    if (!background || !difference || isAnotherScene(difference)) {
      this.#remember(view, new Background(small.levels, small.width));
      return [];
    }
    this.#remember(view, background);
    return lookInto(small, background, difference);
  }

  #remember(view: string, background: Background): void {
    this.#backgrounds.delete(view);
    this.#backgrounds.set(view, background);
    const [oldest] = this.#backgrounds.keys();
    if (this.#backgrounds.size > MAX_VIEWS && oldest !== undefined) this.#backgrounds.delete(oldest);
  }
}

/** What moved in a picture; the background learns from it. */
function lookInto({ levels, width }: Grey, background: Background, difference: Difference): Region[] {
  const threshold = thresholdOf(levels, difference);
  const changed = changedPixels(difference, width, threshold);
  const shown = new Uint8Array(levels.length).fill(QUIET);
  const moved: Region[] = [];
  for (const region of findRegions(difference, changed, width, threshold)) {
    const nature = natureOf(region, changed, threshold, { picture: levels, background: background.grey, width });
    if (nature === "light") continue;
    if (nature === "thing" || background.isSettled(region.pixels)) moved.push(region);
    // Its middle may have passed for light.
    for (let row = region.y * width; row < (region.y + region.height) * width; row += width) {
      for (let at = row + region.x; at < row + region.x + region.width; at++) {
        if (Math.abs(difference.beyond[at] ?? 0) > threshold) shown[at] = nature === "thing" ? THING : GONE;
      }
    }
  }
  background.learn(difference, shown);
  return moved;
}

/** A JPEG is decoded at near to this size, never whole. */
async function decodeSmall(bytes: Buffer): Promise<Pixels> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error", autoOrient: true })
      .resize({ ...THUMBNAIL, fit: "inside", withoutEnlargement: true })
      .flatten()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: data };
  } catch (thrown) {
    const message = `The picture cannot be decoded: ${asError(thrown).message}`;
    throw new MediaError("UNREADABLE_IMAGE", message, { cause: thrown });
  }
}

async function toGrey({ width, height, rgb }: Pixels): Promise<Grey> {
  const { data, info } = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: SIDE, height: SIDE, fit: "inside", withoutEnlargement: true })
    .greyscale()
    .blur(BLUR)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, levels: data };
}

/** A region of the small picture as a box of the whole one. */
function toBox(region: Region, frame: Frame, small: Grey): Box {
  const scaleX = frame.width / small.width;
  const scaleY = frame.height / small.height;
  return {
    label: LABEL,
    confidence: Math.min(region.contrast / 2, 1),
    x: region.x * scaleX,
    y: region.y * scaleY,
    width: region.width * scaleX,
    height: region.height * scaleY,
  };
}
