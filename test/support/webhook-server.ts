/** A receiver of webhooks for tests: it checks what it gets as the documentation tells receivers to. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer as createPlainServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Whether its signature is right and its timestamp new. */
  readonly genuine: boolean;
}

export interface WebhookServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What has come, refused messages included. */
  readonly received: readonly Received[];
  /** How it answers from now on; 204 where nothing else was said. */
  answer(how: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export const SECRET = "a secret between two";
/** Receivers take nothing older. */
const MOST_SECONDS = 300;

export async function startWebhookServer(
  options: { host?: string; tls?: { cert: string; key: string } } = {},
): Promise<WebhookServer> {
  const { host = "127.0.0.1", tls } = options;
  const received: Received[] = [];
  let answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
  const take: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    received.push({
      path: request.url ?? "",
      headers: request.headers,
      body,
      genuine: isGenuine(request.headers, body),
    });
    answer(response);
  };
  const server = tls ? createTlsServer(tls, take) : createPlainServer(take);
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls ? "https" : "http"}://${host}:${port}`,
    received,
    answer: (how) => {
      answer = how;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function isGenuine(headers: Readonly<Record<string, unknown>>, body: string): boolean {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = headers;
  const expected = createHmac("sha256", SECRET).update(`${id}.${timestamp}.${body}`).digest("base64");
  const [one, other] = [Buffer.from(`v1,${expected}`), Buffer.from(String(signature))];
  const isNew = Math.abs(Date.now() / 1000 - Number(timestamp)) < MOST_SECONDS;
  return isNew && one.length === other.length && timingSafeEqual(one, other);
}
