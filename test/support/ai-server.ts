/** An AI service for tests: takes what the real one takes, answers as it does, and misbehaves on command. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import { z } from "zod";
import { type AiRequest, goodAnswer, HEALTH, Refusal, type Role } from "./ai-roles.ts";
import { misbehave, sendJson, type Wrong } from "./misbehave.ts";

export interface AiServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** Pictures that it was asked about, oldest first. */
  readonly requests: readonly AiRequest[];
  /** What `GET /health` answers. */
  health: object;
  /** How it goes wrong from now on; null makes it well again. */
  misbehave(how: Wrong | null | ((request: AiRequest) => Wrong | null)): void;
  /** Stops at once; open connections are cut. */
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1, on a free port unless one is given. */
export async function startAiServer(role: Role, { port: wanted = 0 }: { port?: number } = {}): Promise<AiServer> {
  const requests: AiRequest[] = [];
  let wrong: Parameters<AiServer["misbehave"]>[0] = null;

  const own: Pick<AiServer, "health"> = { health: HEALTH[role] };
  const route = async (request: IncomingMessage, response: ServerResponse) => {
    const path = `${request.method} ${request.url}`;
    if (path === "GET /health") return sendJson(response, 200, own.health);
    try {
      const asked = { path, ...(await (role === "plates" ? readForm(request) : readJson(request))) };
      requests.push(asked);
      const how = typeof wrong === "function" ? wrong(asked) : wrong;
      if (how !== null && (await misbehave(response, how))) return;
      sendJson(response, 200, await goodAnswer(role, asked));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendJson(response, error.status, { detail: error.message });
    }
  };
  const server = createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  await once(server.listen(wanted, "127.0.0.1"), "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return Object.assign(own, {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    misbehave: (how: typeof wrong) => {
      wrong = how;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}

async function readJson(request: IncomingMessage): Promise<Omit<AiRequest, "path">> {
  const text = (await buffer(request)).toString();
  if (request.headers["content-type"] !== "application/json") throw new Refusal(422, "JSON was expected");
  const { image, ...fields } = z.looseObject({ image: z.base64() }).parse(JSON.parse(text));
  return { picture: Buffer.from(image, "base64"), fields };
}

async function readForm(request: IncomingMessage): Promise<Omit<AiRequest, "path">> {
  const files: Promise<Buffer>[] = [];
  const fields: Record<string, string> = {};
  const form = busboy({ headers: request.headers });
  form.on("file", (name, stream) => {
    const file = buffer(stream);
    // A client that goes away halfway is the pipeline's error.
    file.catch(() => {});
    if (name === "upload") files.push(file);
  });
  form.on("field", (name, value) => {
    fields[name] = value;
  });
  await pipeline(request, form);
  const [picture] = await Promise.all(files);
  if (!picture) throw new Refusal(400, "No image was sent: use the form field 'upload'");
  return { picture, fields };
}
