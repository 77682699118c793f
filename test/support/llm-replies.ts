/** How a llama-server puts what it says on the wire: JSON, errors, and streams. */
import type { ServerResponse } from "node:http";

const ERRORS = {
  400: ["exceed_context_size_error", "request (9001 tokens) exceeds the available context size (4096 tokens)"],
  401: ["authentication_error", "Invalid API Key"],
  404: ["not_found_error", "File Not Found"],
  429: ["rate_limit_error", "Too many requests"],
  500: ["server_error", "Compute error"],
  503: ["unavailable_error", "Loading model"],
} as const;

/** As of October 2026. */
const NO_PICTURES = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj";

/** One of a server's events, on the wire. */
export function asEvent(data: object | string): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** Writes a stream piece by piece. */
export async function sendChunks(
  response: ServerResponse,
  chunks: Iterable<string | Uint8Array>,
  ending: "end" | "hangup" | "silence",
): Promise<void> {
  response.writeHead(200, { server: "llama.cpp", "content-type": "text/event-stream" });
  for (const chunk of chunks) {
    if (response.destroyed) return;
    await new Promise((resolve) => response.write(chunk, resolve));
  }
  if (ending === "end") response.end();
  else if (ending === "hangup") response.destroy();
}

export function send(response: ServerResponse, status: number, body: object | string, type = "application/json"): void {
  response.writeHead(status, { server: "llama.cpp", "content-type": `${type}; charset=utf-8` });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

export function fail(
  response: ServerResponse,
  code: keyof typeof ERRORS,
  type: string = ERRORS[code][0],
  message: string = ERRORS[code][1],
): void {
  if (type === ERRORS[400][0]) failTooLong(response, 9001, 4096);
  else send(response, code, { error: { code, message, type } });
}

/** A prompt has more tokens than the context. */
export function failTooLong(response: ServerResponse, n_prompt_tokens: number, n_ctx: number): void {
  const [type] = ERRORS[400];
  const message = `request (${n_prompt_tokens} tokens) exceeds the available context size (${n_ctx} tokens)`;
  send(response, 400, { error: { code: 400, message, type, n_prompt_tokens, n_ctx } });
}

/** A prompt has a picture, and the model cannot see. */
export function failBlind(response: ServerResponse, kind: string, model: string): void {
  if (kind === "vllm") fail(response, 400, "BadRequestError", `${model} is not a multimodal model`);
  else fail(response, 500, "server_error", NO_PICTURES);
}
