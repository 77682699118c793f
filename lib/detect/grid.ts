/** Walking over a picture's pixels, which lie row by row in one array. */

/** Visits the pixels within `reach` of one in both directions, itself included, that lie in the picture. */
export function visitAround(
  at: number,
  width: number,
  size: number,
  reach: number,
  visit: (near: number) => void,
): void {
  const column = at % width;
  const top = Math.max(at - column - reach * width, 0);
  const bottom = Math.min(at - column + reach * width, size - width);
  const left = Math.max(column - reach, 0);
  const right = Math.min(column + reach, width - 1);
  for (let row = top; row <= bottom; row += width) {
    for (let near = row + left; near <= row + right; near++) visit(near);
  }
}

/** The mean of the square of pixels around each, `radius` to each side. */
export function boxMean(values: Float32Array, width: number, radius: number): Float32Array {
  const turned = rowMeans(values, width, radius);
  return rowMeans(turned, values.length / width, radius);
}

export interface Range {
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
}

/** The lowest and the highest value among the nine pixels around each. */
export function rangesAround(values: Float32Array, width: number): Range {
  return rowRanges(rowRanges({ lowest: values, highest: values }, width), values.length / width);
}

/** Both of these turn rows into columns, so that applied twice they work on both and put the picture upright again. */
function rowMeans(values: Float32Array, width: number, radius: number): Float32Array {
  const height = values.length / width;
  const turned = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    let count = 0;
    for (let x = -radius; x < width; x++) {
      if (x + radius < width) {
        sum += values[row + x + radius] ?? 0;
        count++;
      }
      if (x > radius) {
        sum -= values[row + x - radius - 1] ?? 0;
        count--;
      }
      if (x >= 0) turned[x * height + y] = sum / count;
    }
  }
  return turned;
}

function rowRanges({ lowest, highest }: Range, width: number): Range {
  const height = lowest.length / width;
  const turned = { lowest: new Float32Array(lowest.length), highest: new Float32Array(lowest.length) };
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      const at = row + x;
      const left = row + Math.max(x - 1, 0);
      const right = row + Math.min(x + 1, width - 1);
      turned.lowest[x * height + y] = Math.min(lowest[left] ?? 0, lowest[at] ?? 0, lowest[right] ?? 0);
      turned.highest[x * height + y] = Math.max(highest[left] ?? 0, highest[at] ?? 0, highest[right] ?? 0);
    }
  }
  return turned;
}
