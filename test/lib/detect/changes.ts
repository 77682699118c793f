/** What light, a sensor and a mount do to a camera's pictures, done to a still. */
import { HEIGHT, type Still, WIDTH } from "./footage.ts";
import { randomFrom } from "./random.ts";

/** What becomes of a still; `turn` is its number in the sequence, from 0. */
export type Change = (still: Still, turn: number) => Still;

/** A display's pixel levels go with the light to the power of this: twice the light is 1.37 times the level. */
const GAMMA = 1 / 2.2;

const random = randomFrom(1);

/** Each level through a curve. */
export function tone(still: Still, curve: (level: number) => number): Still {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, level) => curve(level));
  return still.map((level) => table[level] ?? 0);
}

/** All pixels as if so much more light fell in. */
export function light(still: Still, factor: number): Still {
  return tone(still, (level) => level * factor ** GAMMA);
}

/** The same from place to place; `x` and `y` go from 0 to 1. */
export function lightAt(still: Still, factor: (x: number, y: number) => number): Still {
  const changed = new Uint8ClampedArray(still.length);
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    const here = factor((pixel % WIDTH) / WIDTH, Math.floor(pixel / WIDTH) / HEIGHT) ** GAMMA;
    for (let at = 3 * pixel; at < 3 * pixel + 3; at++) changed[at] = (still[at] ?? 0) * here;
  }
  return new Uint8Array(changed.buffer);
}

/**
 * The shadow of a cloud over half of the picture, its left edge at `left`, taking away 60 % of the light. Even of a low
 * cloud the half-shadow is some ten metres wide: here a fifth of the picture.
 */
export function cloud(still: Still, left: number): Still {
  const edge = (distance: number) => {
    const t = Math.min(Math.max(distance / 0.2 + 0.5, 0), 1);
    return t * t * (3 - 2 * t);
  };
  return lightAt(still, (x, y) => {
    const inside = x + 0.3 * (y - 0.5) - left;
    return 1 - 0.6 * edge(inside) * (1 - edge(inside - 0.5));
  });
}

/** Two headlights' pools on the ground, side by side at `x`, with soft edges; in their middle `strength` times more light. */
export function headlights(still: Still, middle: number, strength: number): Still {
  const pool = (x: number, y: number) => Math.exp(-((x - middle) ** 2 + (y - 0.5) ** 2) / (2 * 0.08 ** 2));
  return lightAt(still, (x, y) => 1 + strength * (pool(x - 0.06, y) + pool(x + 0.06, y)));
}

/** A sensor's noise, with a standard deviation in grey levels. */
export function noise(still: Still, deviation: number): Still {
  // The sum of three uniform numbers from -1 to 1 has a standard deviation of 1 and is near enough to normal.
  const grain = () => 2 * (random() + random() + random()) - 3;
  return new Uint8Array(Uint8ClampedArray.from(still, (level) => level + grain() * deviation).buffer);
}

/** What a camera shows once its infrared lamp is on: grey, seen in red mostly, bright in the middle, noisy. */
export function infrared(still: Still): Still {
  const grey = new Uint8Array(still.length);
  for (let at = 0; at < still.length; at += 3) {
    grey.fill(0.7 * (still[at] ?? 0) + 0.2 * (still[at + 1] ?? 0) + 0.1 * (still[at + 2] ?? 0), at, at + 3);
  }
  const lit = lightAt(grey, (x, y) => 1.4 - 2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2));
  return noise(lit, 8);
}

/** The camera moved by so many pixels. */
export function shift(still: Still, right: number, down: number): Still {
  const inside = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  return still.map((_, at) => {
    const pixel = Math.floor(at / 3);
    const x = inside((pixel % WIDTH) + right, WIDTH);
    const y = inside(Math.floor(pixel / WIDTH) + down, HEIGHT);
    return still[3 * (y * WIDTH + x) + (at % 3)] ?? 0;
  });
}
