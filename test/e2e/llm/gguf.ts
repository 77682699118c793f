/** Model files in GGUF version 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

/** The types of metadata values, by their numbers in the format. */
const VALUE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const TENSOR_FLOAT32 = 0;
const ALIGNMENT = 32;

/** An entry of the metadata, as it stands in the file. */
export type Entry = Buffer;

export interface Tensor {
  readonly name: string;
  /** The innermost first. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export const entry = {
  string: (key: string, value: string): Entry => pair(key, VALUE.string, text(value)),
  whole: (key: string, value: number): Entry => pair(key, VALUE.uint32, uint32(value)),
  float: (key: string, value: number): Entry => pair(key, VALUE.float32, float32(value)),
  flag: (key: string, value: boolean): Entry => pair(key, VALUE.bool, Buffer.from([Number(value)])),
  strings: (key: string, values: readonly string[]): Entry => list(key, VALUE.string, values.map(text)),
  wholes: (key: string, values: readonly number[]): Entry => list(key, VALUE.int32, values.map(uint32)),
  floats: (key: string, values: readonly number[]): Entry => list(key, VALUE.float32, values.map(float32)),
};

/** The bytes of a model file. */
export function gguf(entries: readonly Entry[], tensors: readonly Tensor[]): Buffer {
  const places: Buffer[] = [];
  const contents: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    places.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(TENSOR_FLOAT32), uint64(offset));
    const bytes = padded(Buffer.from(values.buffer));
    contents.push(bytes);
    offset += bytes.length;
  }
  const header = [Buffer.from("GGUF"), uint32(3), uint64(tensors.length), uint64(entries.length)];
  return Buffer.concat([padded(Buffer.concat([...header, ...entries, ...places])), ...contents]);
}

function pair(key: string, type: number, value: Buffer): Entry {
  return Buffer.concat([text(key), uint32(type), value]);
}

function list(key: string, type: number, values: readonly Buffer[]): Entry {
  return pair(key, VALUE.array, Buffer.concat([uint32(type), uint64(values.length), ...values]));
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (ALIGNMENT - 1))]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
