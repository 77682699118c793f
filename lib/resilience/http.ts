/** What failed requests say of their server. */
import { asError } from "./errors.ts";

/** Nobody listened, or nobody was there: the request never reached a server. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether a request failed because no server could be reached. Of several addresses tried, the error has the code. */
export function isUnreachable(thrown: unknown): boolean {
  const error = asError(thrown);
  return "code" in error && UNREACHABLE.has(String(error.code));
}

/** A `Retry-After` header in milliseconds; null where there is none, or where it is a date, which servers rarely send. */
export function retryAfterMs(header: string | readonly string[] | undefined): number | null {
  return typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : null;
}
