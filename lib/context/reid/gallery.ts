/** The looks that one model knows, in one block of memory, and who is like whom. */
import { type Direction, lengthOf } from "./direction.ts";
import { dotProducts, LANES, WIDTH } from "./dot-products.ts";

/** Somebody known who is like what was asked about. */
export interface Candidate {
  readonly id: string;
  /** The cosine. */
  readonly similarity: number;
}

/** Rows whose products are looked at before the next ones are made. */
const BLOCK = 1_024;
const PAGE_BYTES = 65_536;
/** Of a model to which all look alike, more would say nothing. */
const MOST_CANDIDATES = 20;

export class Gallery {
  readonly #length: number;
  /** Of a row: what the numbers lack to a multiple of `LANES` is 0. */
  readonly #stride: number;
  readonly #memory: WebAssembly.Memory;
  readonly #multiply;
  readonly #out: number;
  readonly #rows: number;
  readonly #ids: string[] = [];
  readonly #lengths: number[] = [];
  readonly #rowOf = new Map<string, number>();

  /** `length`: how many numbers the model's directions have. */
  constructor(length: number) {
    this.#length = length;
    this.#stride = Math.ceil(length / LANES) * LANES;
    this.#out = 2 * WIDTH * this.#stride;
    this.#rows = this.#out + 4 * WIDTH * BLOCK;
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(this.#rows / PAGE_BYTES) });
    this.#multiply = dotProducts(this.#memory);
  }

  get size(): number {
    return this.#ids.length;
  }

  /** Enters a look, or replaces the one that there is. */
  put(id: string, direction: Direction): void {
    const row = this.#rowOf.get(id) ?? this.#append(id);
    new Int8Array(this.#memory.buffer, this.#address(row), this.#length).set(direction);
    this.#lengths[row] = lengthOf(direction);
  }

  /** Nothing of it stays in memory. The last row takes its place. */
  remove(id: string): void {
    const row = this.#rowOf.get(id);
    if (row === undefined) return;
    const last = this.size - 1;
    const bytes = new Uint8Array(this.#memory.buffer);
    bytes.copyWithin(this.#address(row), this.#address(last), this.#address(last + 1));
    bytes.fill(0, this.#address(last), this.#address(last + 1));
    const lastId = this.#ids[last] ?? id;
    this.#ids[row] = lastId;
    this.#lengths[row] = this.#lengths[last] ?? 0;
    this.#rowOf.set(lastId, row);
    this.#rowOf.delete(id);
    this.#ids.pop();
    this.#lengths.pop();
  }

  /** For each of some directions those who are like it by `least` or more, the most alike first. */
  alike(directions: readonly Direction[], least: number): Candidate[][] {
    const found: Candidate[][] = directions.map(() => []);
    for (let first = 0; first < directions.length; first += WIDTH) {
      this.#scan(directions.slice(first, first + WIDTH), least, found.slice(first, first + WIDTH));
    }
    return found.map((each) => each.sort((a, b) => b.similarity - a.similarity).slice(0, MOST_CANDIDATES));
  }

  #scan(directions: readonly Direction[], least: number, found: readonly Candidate[][]): void {
    const vectors = new Int16Array(this.#memory.buffer, 0, WIDTH * this.#stride).fill(0);
    for (const [n, direction] of directions.entries()) vectors.set(direction, n * this.#stride);
    const products = new Int32Array(this.#memory.buffer, this.#out, WIDTH * BLOCK);
    const lengths = directions.map(lengthOf);
    for (let first = 0; first < this.size; first += BLOCK) {
      const count = Math.min(BLOCK, this.size - first);
      this.#multiply(this.#address(first), count, this.#stride, 0, this.#out);
      for (let row = 0; row < count; row++) {
        const rowLength = this.#lengths[first + row] ?? 0;
        for (let n = 0; n < lengths.length; n++) {
          const product = products[row * WIDTH + n] ?? 0;
          const both = rowLength * (lengths[n] ?? 0);
          if (product >= least * both) found[n]?.push({ id: this.#ids[first + row] ?? "", similarity: product / both });
        }
      }
    }
  }

  #append(id: string): number {
    const row = this.#ids.push(id) - 1;
    this.#rowOf.set(id, row);
    const missing = this.#address(row + 1) - this.#memory.buffer.byteLength;
    // By a quarter: each growth copies all there is.
    if (missing > 0) this.#memory.grow(Math.ceil(Math.max(missing, this.#memory.buffer.byteLength / 4) / PAGE_BYTES));
    return row;
  }

  #address(row: number): number {
    return this.#rows + row * this.#stride;
  }
}
