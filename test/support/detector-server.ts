/**
 * A detector for tests that answers as the YOLO26 and RT-DETRv2 servers do, alone and (under `/yolo26`) as behind the
 * gateway, and as CodeProject.AI does. It sees what it is told to see, and misbehaves on command.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import {
  deepstack,
  gatewayBatch,
  type Interface,
  type Misbehaviour,
  reply,
  single,
  standaloneBatch,
  type UploadedFile,
  type WireDetection,
} from "./detector-replies.ts";
import { sendJson } from "./misbehave.ts";

export type { Misbehaviour, WireDetection } from "./detector-replies.ts";

/** A picture that reached the server, whatever was answered. */
export interface ReceivedPicture {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly fileName: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** As it was sent; null where it was not. */
  readonly minConfidence: string | null;
}

type Behaviour = Misbehaviour | null;

type Answer = readonly WireDetection[] | ((picture: ReceivedPicture) => readonly WireDetection[]);

export interface DetectorServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Oldest first. */
  readonly requests: readonly ReceivedPicture[];
  /** All that was asked, as `POST /detect`. */
  readonly calls: readonly string[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** What it sees from now on; at first, nothing. */
  answer(answer: Answer): void;
  /** How it goes wrong from now on, with all pictures or as it depends on each; null makes it well again. */
  misbehave(how: Behaviour | ((picture: ReceivedPicture) => Behaviour)): void;
  /** What it answers to a call, such as `GET /health`, from now on. */
  override(call: string, status: number, body?: unknown): void;
  /** Resolves once `requests` has that many. */
  received(count: number): Promise<void>;
  /** Stops at once; open connections are cut. */
  close(): Promise<void>;
}

/** What takes pictures, and the form field that has them. */
const INTERFACES: ReadonlyMap<string, { field: string; as: Interface }> = new Map([
  ["POST /detect", { field: "file", as: single }],
  ["POST /yolo26/detect", { field: "file", as: single }],
  ["POST /detect/batch", { field: "files", as: standaloneBatch }],
  ["POST /yolo26/detect/batch", { field: "files", as: gatewayBatch }],
  ["POST /v1/vision/detection", { field: "image", as: deepstack }],
]);

/** Starts one on 127.0.0.1, on a free port unless one is given. */
export async function startDetectorServer({ port = 0 }: { port?: number } = {}): Promise<DetectorServer> {
  const requests: ReceivedPicture[] = [];
  const calls: string[] = [];
  const others = new Map<string, { status: number; body: unknown }>([
    ["GET /health", { status: 200, body: { status: "healthy", model_loaded: true, device: "cpu" } }],
    ["GET /yolo26/health", { status: 200, body: { status: "healthy", model: "yolo26", model_loaded: true } }],
    ["GET /v1/status/ping", { status: 200, body: { success: true, message: "2.9.5", code: 200 } }],
    ["GET /", { status: 200, body: "It runs" }],
  ]);
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
    const call = `${request.method} ${path.replace(/\?.*/, "")}`;
    calls.push(call);
    const taker = INTERFACES.get(call);
    const other = others.get(call);
    if (other || !taker) {
      request.resume();
      return sendJson(response, other?.status ?? 404, other ? other.body : { detail: "Not Found" });
    }
    const { files, minConfidence } = await readForm(request, taker.field);
    const asked = files.map((file) => {
      const picture = {
        path,
        authorization: request.headers.authorization,
        fileName: file.name,
        sha256: createHash("sha256").update(file.bytes).digest("hex"),
        size: file.bytes.length,
        minConfidence,
      };
      requests.push(picture);
      return {
        file,
        seen: typeof answer === "function" ? answer(picture) : answer,
        how: typeof misbehaviour === "function" ? misbehaviour(picture) : misbehaviour,
      };
    });
    arrivals.dispatchEvent(new Event("picture"));
    await reply(response, asked, taker.as);
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    calls,
    get connections() {
      return connections;
    },
    answer: (next) => {
      answer = next;
    },
    misbehave: (how) => {
      misbehaviour = how;
    },
    override: (call, status, body = { detail: `Told to answer ${status}` }) => {
      others.set(call, { status, body });
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

interface Form {
  readonly files: UploadedFile[];
  readonly minConfidence: string | null;
}

/** The files in a form's field, and `min_confidence`. */
async function readForm(request: IncomingMessage, wanted: string): Promise<Form> {
  if (!request.headers["content-type"]?.startsWith("multipart/form-data")) return { files: [], minConfidence: null };
  const files: Promise<UploadedFile>[] = [];
  let minConfidence: string | null = null;
  const form = busboy({ headers: request.headers, defParamCharset: "utf8" });
  form.on("file", (field, stream, { filename }) => {
    if (field !== wanted) return void stream.resume();
    const file = buffer(stream).then((bytes) => ({ name: filename ?? "", bytes }));
    // A client that goes away halfway is the pipeline's error.
    file.catch(() => {});
    files.push(file);
  });
  form.on("field", (field, value) => {
    if (field === "min_confidence") minConfidence = value;
  });
  await pipeline(request, form);
  return { files: await Promise.all(files), minConfidence };
}
