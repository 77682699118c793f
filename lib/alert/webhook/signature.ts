/**
 * Proof that a webhook's message comes from here, unaltered and lately: https://www.standardwebhooks.com, for which there
 * are libraries in most languages.
 */
import { createHmac } from "node:crypto";

/** A secret of this form is Base64, as those libraries make it; any other is taken as text. */
const ENCODED = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

export interface SignedMessage {
  /** The same whenever the message is sent again. */
  readonly id: string;
  /** The JSON that is sent. */
  readonly body: string;
}

/**
 * The headers of a message. A receiver computes HMAC-SHA256 over `id.timestamp.body` with the secret, compares, and refuses
 * a timestamp that is older than some minutes, or an id that it has had. `now` is in milliseconds since 1970.
 */
export function signatureHeaders({ id, body }: SignedMessage, secret: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const [, encoded] = ENCODED.exec(secret) ?? [];
  const key = encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
