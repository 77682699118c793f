/** What a command is given, checked. */
import type { z } from "zod";
import { InputError } from "../resilience/errors.ts";

/** `msg.payload` as the schema has it. Throws an InputError `BAD_PAYLOAD` that names what does not fit. */
export function parsePayload<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = ["payload", ...(issue?.path ?? [])].join(".");
  throw new InputError("BAD_PAYLOAD", `msg.${where} ${issue?.message ?? "does not fit"}`);
}
