/** The edges in a small grey picture. */
import type { Frame } from "../../domain/detection.ts";
import type { Grey } from "../../domain/pixels.ts";

/** How grey levels rise to the right and downwards at each pixel, in twice the levels per pixel; 0 at the border. */
export interface Gradients {
  readonly right: Float32Array;
  readonly down: Float32Array;
}

/** The mean of the pixels around each: `radius` of them to each side, fewer at the border. */
export function smooth({ width, height, levels }: Grey | (Frame & { levels: Float32Array }), radius: number) {
  return { width, height, levels: turnedMean(turnedMean(Float32Array.from(levels), width, radius), height, radius) };
}

export function gradientsOf({ width, height, levels }: Frame & { levels: Float32Array }): Gradients {
  const right = new Float32Array(levels.length);
  const down = new Float32Array(levels.length);
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at++) {
      right[at] = (levels[at + 1] ?? 0) - (levels[at - 1] ?? 0);
      down[at] = (levels[at + width] ?? 0) - (levels[at - width] ?? 0);
    }
  }
  return { right, down };
}

/** How much two pictures' edges have in common, summed over the pixels that count; with itself, a picture's energy. */
export function product(a: Gradients, b: Gradients, counts: (at: number) => boolean): number {
  let sum = 0;
  for (let at = 0; at < a.right.length; at++) {
    if (counts(at)) sum += (a.right[at] ?? 0) * (b.right[at] ?? 0) + (a.down[at] ?? 0) * (b.down[at] ?? 0);
  }
  return sum;
}

/** The running mean along each row, the picture turned over its diagonal: twice makes it both ways, and upright again. */
function turnedMean(levels: Float32Array, width: number, radius: number): Float32Array {
  const height = levels.length / width;
  const turned = new Float32Array(levels.length);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    let count = 0;
    for (let ahead = 0; ahead < width + radius; ahead++) {
      if (ahead < width) {
        sum += levels[y * width + ahead] ?? 0;
        count++;
      }
      const behind = ahead - 2 * radius - 1;
      if (behind >= 0) {
        sum -= levels[y * width + behind] ?? 0;
        count--;
      }
      const x = ahead - radius;
      if (x >= 0) turned[x * height + y] = sum / count;
    }
  }
  return turned;
}
