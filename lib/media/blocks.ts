/** Memory for the bytes of files, used again and again: fresh memory for each file would keep the garbage collector busy. */

export const BLOCK_BYTES = 1024 * 1024;

/** More than are in use at once with usual settings; what is not kept is collected. */
const MOST_KEPT = 16;

const free: Buffer[] = [];

/** A block with anything in it. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** So many bytes with anything in them: of a block where they fit in one. */
export function takeBytes(length: number): Buffer {
  return length > BLOCK_BYTES ? Buffer.allocUnsafe(length) : takeBlock().subarray(0, length);
}

/** Gives a block back by any view of it; other memory is left alone. Nobody may look at the bytes from now on. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer.byteLength === BLOCK_BYTES && free.length < MOST_KEPT) free.push(Buffer.from(buffer));
}
