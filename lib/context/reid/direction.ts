/**
 * Directions of embeddings, one byte a number. Only the angle between two says how alike they are, so their lengths are
 * not kept.
 */

/** The codes of the numbers, -127 to 127; the largest one has 127. */
export type Direction = Int8Array;

const LARGEST = 127;

/** The direction of a vector that is not all zeros. Off by half a step of 127 to the largest number, in each of them. */
export function directionOf(vector: ArrayLike<number>): Direction {
  let largest = 0;
  for (let n = 0; n < vector.length; n++) largest = Math.max(largest, Math.abs(vector[n] ?? 0));
  const codes = new Int8Array(vector.length);
  for (let n = 0; n < vector.length; n++) codes[n] = Math.round(((vector[n] ?? 0) / largest) * LARGEST);
  return codes;
}

export function lengthOf(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < vector.length; n++) sum += (vector[n] ?? 0) ** 2;
  return Math.sqrt(sum);
}

/** The cosine of the angle between two vectors of one length. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  for (let n = 0; n < a.length; n++) dot += (a[n] ?? 0) * (b[n] ?? 0);
  return dot / (lengthOf(a) * lengthOf(b));
}

/** The sum of the directions, each made as long as its weight says; in whatever order they come. */
export function weightedSum(parts: readonly (readonly [ArrayLike<number>, number])[]): Float64Array {
  const sum = new Float64Array(parts[0]?.[0].length ?? 0);
  for (const [vector, weight] of parts) {
    const factor = weight / lengthOf(vector);
    for (let n = 0; n < sum.length; n++) sum[n] = (sum[n] ?? 0) + (vector[n] ?? 0) * factor;
  }
  return sum;
}
