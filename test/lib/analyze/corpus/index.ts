/** The whole corpus. */
import { AROUND } from "./around.ts";
import { BROKEN_REPLIES } from "./broken.ts";
import { GOOD } from "./good.ts";
import { NUMBERS } from "./numbers.ts";
import type { Recorded } from "./recorded.ts";
import { SEVERAL } from "./several.ts";
import { SHAPES } from "./shapes.ts";

export const CORPUS: readonly Recorded[] = [...GOOD, ...AROUND, ...SEVERAL, ...NUMBERS, ...BROKEN_REPLIES, ...SHAPES];
