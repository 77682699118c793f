/** How alike two pictures look, by their hashes. */

/** In how many of their 64 bits two hashes of 16 hexadecimal digits differ: 0 where the pictures look the same. */
export function hashDistance(one: string, other: string): number {
  let different = BigInt(`0x${one}`) ^ BigInt(`0x${other}`);
  let bits = 0;
  for (; different > 0n; different &= different - 1n) bits++;
  return bits;
}
