/** Synthetic embeddings with known identities, as models make them: all lie in one cone, and each of one person near the others. */

/** Numbers from 0 to 1 that are the same in every run (Marsaglia's xorshift, 32 bits). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A vector of length 1 that points anywhere. */
export function anywhere(length: number, random: () => number): Float32Array {
  const normal = () => Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random());
  return unit(Float32Array.from({ length }, normal));
}

/** A vector whose cosine to another one is exactly so much, and that else points anywhere. */
export function near(vector: ArrayLike<number>, cosine: number, random: () => number): Float32Array {
  const from = unit(vector);
  const other = anywhere(vector.length, random);
  const along = other.reduce((sum, value, n) => sum + value * (from[n] ?? 0), 0);
  const across = unit(other.map((value, n) => value - along * (from[n] ?? 0)));
  return across.map((value, n) => cosine * (from[n] ?? 0) + Math.sqrt(1 - cosine ** 2) * value);
}

/** So many people whose mutual cosine is `apart` on average: those of models are far from 0. */
export function people(count: number, length: number, apart: number, random: () => number): Float32Array[] {
  const axis = anywhere(length, random);
  return Array.from({ length: count }, () => near(axis, Math.sqrt(apart), random));
}

function unit(vector: ArrayLike<number>): Float32Array {
  const length = Math.hypot(...Array.from(vector));
  return Float32Array.from(vector, (value) => value / length);
}
