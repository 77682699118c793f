/** Thumbnails with the detections' boxes drawn in. */
import type { Detection } from "../domain/detection.ts";
import { checkPicture, openPicture, pictureError } from "./picture.ts";

const WIDTH = 320;
const HEIGHT = 240;
const STROKE = 3;

const MOTION_COLOUR = "#22D3EE";
const COLOURS: ReadonlyMap<string, string> = new Map([
  ["person", "#E74856"],
  ["car", "#3B82F6"],
  ["truck", "#3B82F6"],
  ["bus", "#3B82F6"],
  ["dog", "#76B900"],
  ["cat", "#76B900"],
  ["bicycle", "#FFB800"],
  ["motorcycle", "#FFB800"],
  ["bird", "#A855F7"],
]);

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A JPEG of 320 x 240 pixels: the picture upright and whole, black beside it, a box around each detection in the colour
 * of its label. Throws a MediaError as `validatePicture` does.
 */
export async function drawThumbnail(picture: Buffer, detections: readonly Detection[]): Promise<Buffer> {
  const { autoOrient } = await checkPicture(picture);
  try {
    return await openPicture(picture)
      .autoOrient()
      .resize(WIDTH, HEIGHT, { fit: "contain", background: "black" })
      .composite([{ input: boxes(detections, pictureArea(autoOrient.width, autoOrient.height)) }])
      .flatten({ background: "black" })
      .jpeg({ quality: 85 })
      .toBuffer();
  } catch (thrown) {
    throw pictureError(thrown);
  }
}

/** Where a picture of this size lies in the thumbnail. */
function pictureArea(width: number, height: number): Area {
  const scale = Math.min(WIDTH / width, HEIGHT / height);
  return {
    x: (WIDTH - width * scale) / 2,
    y: (HEIGHT - height * scale) / 2,
    width: width * scale,
    height: height * scale,
  };
}

function boxes(detections: readonly Detection[], area: Area): Buffer {
  const rectangles = detections.map((detection) => {
    const { x, y, width, height } = boxArea(detection, area);
    const colour = COLOURS.get(detection.label) ?? MOTION_COLOUR;
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" stroke="${colour}"/>`;
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
      <g fill="none" stroke-width="${STROKE}">${rectangles.join("")}</g>
    </svg>`,
  );
}

/** A box in thumbnail pixels, drawn in by half a stroke so that one at the frame's edge keeps its whole line. */
function boxArea(detection: Detection, area: Area): Area {
  const scaleX = area.width / detection.frame_width;
  const scaleY = area.height / detection.frame_height;
  return {
    x: area.x + detection.x * scaleX + STROKE / 2,
    y: area.y + detection.y * scaleY + STROKE / 2,
    width: Math.max(detection.width * scaleX - STROKE, 1),
    height: Math.max(detection.height * scaleY - STROKE, 1),
  };
}
