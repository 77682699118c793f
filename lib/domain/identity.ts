/** Whom the household trusts. */
import { z } from "zod";

export const Trust = z.enum(["trusted", "untrusted", "unknown"]);
export type Trust = z.infer<typeof Trust>;
