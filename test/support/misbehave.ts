/** How a server for tests goes wrong, whatever it is for. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/**
 * After the request was read and recorded: a status with an explanation; JSON cut short; a web page; a reply that is no
 * HTTP; a connection closed at once, or amid the reply; no answer; a redirect, to the gateway's place or elsewhere; a reply
 * without end, as fast as it goes or byte by byte; one that inflates to 64 MiB; a good answer that many milliseconds late;
 * any other body.
 */
export type Wrong =
  | number
  | "garbage"
  | "html"
  | "not-http"
  | "hangup"
  | "cut"
  | "never"
  | "redirect"
  | "endless"
  | "drip"
  | "gzip"
  | { readonly slow: number }
  | { readonly redirect: string }
  | { readonly body: unknown };

/** Goes wrong; false where a good answer is still to come. A status explains itself in FastAPI's words. */
export async function misbehave(response: ServerResponse, how: Wrong): Promise<boolean> {
  if (typeof how === "number") {
    sendJson(response, how, { detail: `Told to answer ${how}` });
    return true;
  }
  if (typeof how === "object") {
    if ("slow" in how) await setTimeout(how.slow, undefined, { ref: false });
    else if ("redirect" in how) response.writeHead(307, { location: how.redirect }).end();
    else sendJson(response, 200, how.body);
    return !("slow" in how);
  }
  switch (how) {
    case "garbage":
      response.setHeader("content-type", "application/json").end('{"detections": [{"class": "per');
      break;
    case "html":
      response.setHeader("content-type", "text/html").end("<html><body>Welcome to your new router</body></html>");
      break;
    case "not-http":
      response.socket?.end("220 FTP server ready\r\n");
      break;
    case "hangup":
      response.destroy();
      break;
    case "cut":
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write('{"detections": [', () => response.destroy());
      break;
    case "never":
      break;
    case "redirect":
      response.writeHead(307, { location: "/yolo26/detect" }).end();
      break;
    case "endless":
      response.setHeader("content-type", "application/json");
      await pipeline(Readable.from(endlessReply()), response);
      break;
    case "drip":
      response.setHeader("content-type", "application/json");
      await pipeline(Readable.from(drips()), response);
      break;
    case "gzip":
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync(Buffer.alloc(64 * 1024 * 1024, " ")));
      break;
  }
  return true;
}

function* endlessReply(): Generator<string> {
  yield '{"detections": [';
  const box = '{"class": "cat", "confidence": 0.9, "bbox": [0, 0, 9, 9]},';
  for (;;) yield box.repeat(1000);
}

async function* drips(): AsyncGenerator<string> {
  for (;;) {
    yield " ";
    await setTimeout(10, undefined, { ref: false });
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
