/**
 * Alerts to a server of the user's choice: signed JSON, bounded in time and size. It goes to an address that was looked at
 * in the same breath, so that a name cannot lead it into the house.
 */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, request } from "undici";
import type { Clock } from "../../resilience/clock.ts";
import { asError, ConfigError, ReplyError, reasonOf, VigilError } from "../../resilience/errors.ts";
import { oneLine } from "../../resilience/one-line.ts";
import { reachOf } from "./reach.ts";
import { signatureHeaders } from "./signature.ts";

export interface WebhookOptions {
  /** `http://` or `https://`. */
  readonly url: string;
  readonly secret: string;
  /** Whether it may lead into the house or to this machine. */
  readonly allowPrivate: boolean;
  readonly clock: Clock;
  /** As `dns.lookup`, for tests. */
  readonly lookup?: typeof systemLookup;
}

/** A message that is signed and sent as JSON. */
export interface WebhookMessage {
  /** The same whenever it is sent again, so that a receiver can tell. Visible ASCII without a dot. */
  readonly id: string;
  readonly payload: object;
}

const TIMEOUT_MS = 10_000;
const LEAST_SECRET = 16;
/** Of an answer, so much is read: the start of a complaint. */
const MOST_READ = 1_024;
const EXCERPT_LENGTH = 200;
/** Answers that another try may change, beside all from 500 on. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

export class Webhook {
  /** Scheme, host and port: the path may hold a secret. */
  readonly name: string;
  readonly #url: URL;
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #agent: Agent;

  /** @throws ConfigError `WEBHOOK_URL`, `WEBHOOK_SECRET`, `WEBHOOK_PRIVATE`; never with the secret in it */
  constructor({ url, secret, allowPrivate, clock, lookup = systemLookup }: WebhookOptions) {
    this.#url = targetOf(url);
    this.name = this.#url.origin;
    if (secret.length < LEAST_SECRET) {
      throw new ConfigError(
        "WEBHOOK_SECRET",
        `The webhook needs a secret of ${LEAST_SECRET} characters at least, by which its receiver knows that a message is from here`,
      );
    }
    const literal = this.#url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(literal) !== 0 && !mayReach(literal, allowPrivate)) throw unreachable(ConfigError, this.name, literal);
    this.#secret = secret;
    this.#clock = clock;
    this.#agent = new Agent({
      connect: { timeout: TIMEOUT_MS, lookup: checkedLookup(lookup, allowPrivate, this.name) },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Sends a message. Resolves once the receiver has taken it; rejects with the signal's reason.
   * @throws VigilError, retryable: `WEBHOOK_UNREACHABLE`, `WEBHOOK_TIMEOUT`, `WEBHOOK_FAILED`. Not a ServerError: it says
   *   nothing of other servers that the node uses
   * @throws ReplyError `WEBHOOK_REFUSED`, `WEBHOOK_PRIVATE`
   */
  async post({ id, payload }: WebhookMessage, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(payload);
    const limit = new AbortController();
    const cancel = this.#clock.after(TIMEOUT_MS, () =>
      limit.abort(failure("WEBHOOK_TIMEOUT", `${this.name} did not answer within ${TIMEOUT_MS / 1000} s`)),
    );
    try {
      const response = await request(this.#url, {
        dispatcher: this.#agent,
        method: "POST",
        // The next message looks the name up anew.
        reset: true,
        headers: {
          "content-type": "application/json",
          ...signatureHeaders({ id, body }, this.#secret, this.#clock.now()),
        },
        body,
        signal: AbortSignal.any([signal, limit.signal]),
      });
      const { statusCode: status, body: answer } = response;
      // Whoever has taken it may say what he likes.
      if (status >= 200 && status < 300) answer.on("error", () => {}).destroy();
      else throw this.#refusal(status, await startOf(answer));
    } catch (thrown) {
      signal.throwIfAborted();
      throw this.#fault(asError(thrown));
    } finally {
      cancel();
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #refusal(status: number, said: string): VigilError {
    const answer = `${this.name} answered with HTTP ${status}: "${oneLine(said, EXCERPT_LENGTH)}"`;
    if (status >= 500 || TRY_AGAIN.has(status)) return failure("WEBHOOK_FAILED", answer);
    const redirected = status >= 300 && status < 400 ? "; redirects are not followed, so name where it leads" : "";
    return new ReplyError("WEBHOOK_REFUSED", `The webhook's ${answer}${redirected}`);
  }

  #fault(error: Error): VigilError {
    if (error instanceof VigilError) return error;
    return failure("WEBHOOK_UNREACHABLE", `${this.name} cannot be reached: ${reasonOf(error)}`, error);
  }
}

function failure(code: string, what: string, cause?: Error): VigilError {
  return new VigilError(code, `The webhook's ${what}`, { retryable: true, cause });
}

function targetOf(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.username === "" && parsed.password === "") return parsed;
  throw new ConfigError(
    "WEBHOOK_URL",
    "The webhook's address must be http:// or https:// and a host, without a password in it, like https://example.org/alerts",
  );
}

function mayReach(address: string, allowPrivate: boolean): boolean {
  const reach = reachOf(address);
  return reach === "public" || (reach === "private" && allowPrivate);
}

function unreachable(Type: typeof ConfigError | typeof ReplyError, name: string, address: string): VigilError {
  const way = reachOf(address) === "private" ? '; tick "Its address may be in the house" if that is right' : "";
  return new Type("WEBHOOK_PRIVATE", `The webhook's ${name} leads to ${address}, which is not on the internet${way}`);
}

/** Finds out addresses as `lookup` does, of which only those that may be connected to are left. */
function checkedLookup(lookup: typeof systemLookup, allowPrivate: boolean, name: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[] = []) => {
      const [allowed, ...more] = found.filter(({ address }) => mayReach(address, allowPrivate));
      const [refused] = found;
      if (error) callback(error, "");
      else if (!allowed) callback(unreachable(ReplyError, name, refused?.address ?? "nowhere"), "");
      else if (options.all) callback(null, [allowed, ...more]);
      else callback(null, allowed.address, allowed.family);
    });
  };
}

/** The start of an answer; the rest is not read. */
async function startOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_READ) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_READ).toString();
}
