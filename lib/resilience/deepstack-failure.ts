/** How servers with DeepStack's interface, such as CodeProject.AI, say that they failed: with the status 200. */
import { z } from "zod";
import { ReplyError, ServerError, type VigilError } from "./errors.ts";
import { quote } from "./server-connection.ts";

/** `code` is what the status should be. */
export const DeepstackFailure = z.object({
  success: z.literal(false),
  error: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  code: z.int().nullish().catch(null),
});
export type DeepstackFailure = z.infer<typeof DeepstackFailure>;

/** What servers say that have no time, or no model, at the moment. */
const BUSY = /queue|busy|timed? ?out|cancell?ed|not (ready|loaded|available)|(starting|loading|unable to create)\b/i;

/**
 * The error for a failure, whose code begins with `kind`: a `ServerError` …_BUSY or …_FAILED, or a `ReplyError` …_REFUSED,
 * which is about the picture. A code is that of HTTP, or below 0 for CodeProject.AI's own troubles; without one, the words
 * must do.
 */
export function deepstackError(kind: string, server: string, { error, message, code }: DeepstackFailure): VigilError {
  const words = error || message || "";
  const said = `${server} could not look at the picture: ${quote(words)}`;
  const isServers = code ? code < 400 || code >= 500 : BUSY.test(words);
  if (!isServers) return new ReplyError(`${kind}_REFUSED`, said);
  return new ServerError(`${kind}_${BUSY.test(words) ? "BUSY" : "FAILED"}`, said);
}
