/**
 * A detector for tests that answers as the YOLO26 and RT-DETRv2 servers do, sees what it is told to see, and misbehaves
 * on command. `POST /detect` and `GET /health`, also under `/yolo26`, where the gateway has them.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import busboy from "busboy";
import sharp from "sharp";

/** A detection as it is on the wire: pixels of the picture, origin at the top left. */
export interface WireDetection {
  readonly class: string;
  readonly confidence: number;
  readonly bbox: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** A picture that reached `/detect`, whatever was answered. */
export interface ReceivedPicture {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly fileName: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * How to go wrong, after the picture was read and recorded: a status with FastAPI's `detail`; JSON cut short; a web
 * page; a reply that is no HTTP; a closed connection; no answer; a redirect; a reply without end; boxes as
 * `[x, y, width, height]` (which is right, only old); a good answer that many milliseconds late; any other body.
 */
export type Misbehaviour =
  | number
  | "garbage"
  | "html"
  | "not-http"
  | "hangup"
  | "never"
  | "redirect"
  | "endless"
  | "list-boxes"
  | { readonly slow: number }
  | { readonly body: unknown };

type Behaviour = Misbehaviour | null;

type Answer = readonly WireDetection[] | ((picture: ReceivedPicture) => readonly WireDetection[]);

export interface DetectorServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Oldest first. */
  readonly requests: readonly ReceivedPicture[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** What it sees from now on; at first, nothing. */
  answer(answer: Answer): void;
  /** How it goes wrong from now on, with all pictures or as it depends on each; null makes it well again. */
  misbehave(how: Behaviour | ((picture: ReceivedPicture) => Behaviour)): void;
  /** Resolves once `requests` has that many. */
  received(count: number): Promise<void>;
  /** Stops at once; open connections are cut. */
  close(): Promise<void>;
}

/** What it takes: as the real servers, without BMP, which sharp does not read. */
const EXTENSIONS = [".jpg", ".jpeg", ".png", ".gif", ".webp"];
const MAGIC = ["ffd8ff", "89504e47", "47494638", "52494646"];
const MAX_BYTES = 10 * 1024 * 1024;

/** Starts one on 127.0.0.1, on a free port unless one is given. */
export async function startDetectorServer({ port = 0 }: { port?: number } = {}): Promise<DetectorServer> {
  const requests: ReceivedPicture[] = [];
  const arrivals = new EventTarget();
  let connections = 0;
  let answer: Answer = [];
  let misbehaviour: Behaviour | ((picture: ReceivedPicture) => Behaviour) = null;

  const server = createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  server.on("connection", () => connections++);
  await once(server.listen(port, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the detector server has no port");

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const endpoint = `${request.method} ${path.replace(/^\/yolo26/, "").replace(/\?.*/, "")}`;
    if (endpoint === "GET /health") return sendJson(response, 200, { status: "healthy", model_loaded: true });
    if (endpoint !== "POST /detect") return sendJson(response, 404, { detail: "Not Found" });

    const file = await readFile(request);
    if (!file) return sendJson(response, 400, { detail: "No image was sent: use the form field 'file'" });
    const picture = {
      path,
      authorization: request.headers.authorization,
      fileName: file.name,
      sha256: createHash("sha256").update(file.bytes).digest("hex"),
      size: file.bytes.length,
    };
    requests.push(picture);
    arrivals.dispatchEvent(new Event("picture"));
    if (picture.size > MAX_BYTES) return sendJson(response, 413, { detail: `More than ${MAX_BYTES} bytes` });
    const seen = typeof answer === "function" ? answer(picture) : answer;
    await reply(response, file, seen, typeof misbehaviour === "function" ? misbehaviour(picture) : misbehaviour);
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    get connections() {
      return connections;
    },
    answer: (next) => {
      answer = next;
    },
    misbehave: (how) => {
      misbehaviour = how;
    },
    received: async (count) => {
      while (requests.length < count) await once(arrivals, "picture");
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface UploadedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The form field `file` of a request; null where there is none. */
async function readFile(request: IncomingMessage): Promise<UploadedFile | null> {
  if (!request.headers["content-type"]?.startsWith("multipart/form-data")) return null;
  let file: Promise<UploadedFile> | null = null;
  const form = busboy({ headers: request.headers, defParamCharset: "utf8" });
  form.on("file", (field, stream, { filename }) => {
    if (field !== "file") return void stream.resume();
    file = buffer(stream).then((bytes) => ({ name: filename ?? "", bytes }));
    // A client that goes away halfway is the pipeline's error.
    file.catch(() => {});
  });
  await pipeline(request, form);
  return file;
}

async function reply(
  response: ServerResponse,
  file: UploadedFile,
  seen: readonly WireDetection[],
  how: Behaviour,
): Promise<void> {
  if (typeof how === "number") return sendJson(response, how, { detail: `Told to answer ${how}` });
  switch (how) {
    case "garbage":
      response.setHeader("content-type", "application/json").end('{"detections": [{"class": "per');
      return;
    case "html":
      response.setHeader("content-type", "text/html").end("<html><body>Welcome to your new router</body></html>");
      return;
    case "not-http":
      response.socket?.end("220 FTP server ready\r\n");
      return;
    case "hangup":
      response.destroy();
      return;
    case "never":
      return;
    case "redirect":
      response.writeHead(307, { location: "/yolo26/detect" }).end();
      return;
    case "endless":
      response.setHeader("content-type", "application/json");
      await pipeline(Readable.from(endlessReply()), response);
      return;
  }
  const listBoxes = how === "list-boxes";
  if (how !== null && !listBoxes) {
    if ("body" in how) return sendJson(response, 200, how.body);
    await setTimeout(how.slow, undefined, { ref: false });
  }
  const looked = await look(file);
  if ("detail" in looked) return sendJson(response, 400, looked);
  const detections = seen.map(({ bbox, ...rest }) => ({
    ...rest,
    bbox: listBoxes ? [bbox.x, bbox.y, bbox.width, bbox.height] : bbox,
  }));
  sendJson(response, 200, { detections, inference_time_ms: 12.5, ...looked });
}

/** The size of a picture, without regard to its EXIF orientation, or why it is refused. */
async function look({ name, bytes }: UploadedFile): Promise<{ image_width: number; image_height: number } | Refusal> {
  if (!EXTENSIONS.includes(extname(name).toLowerCase())) return { detail: `File type of '${name}' is not allowed` };
  const head = bytes.toString("hex", 0, 4);
  if (!MAGIC.some((magic) => head.startsWith(magic))) return { detail: `'${name}' is not a picture` };
  try {
    const { info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    return { image_width: info.width, image_height: info.height };
  } catch {
    return { detail: `'${name}' is corrupt or truncated` };
  }
}

interface Refusal {
  readonly detail: string;
}

function* endlessReply(): Generator<string> {
  yield '{"detections": [';
  const box = '{"class": "cat", "confidence": 0.9, "bbox": [0, 0, 9, 9]},';
  for (;;) yield box.repeat(1000);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
