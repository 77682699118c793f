/** AI servers that answer at once, so that what is measured is Vigil: one process-local server for both interfaces. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { Frame } from "../lib/domain/detection.ts";

/** Where they see a person in every picture, in pixels of a picture of `FULL_HD`. */
export const PERSON = { x: 200, y: 100, width: 80, height: 160 };
export const FULL_HD: Frame = { width: 1920, height: 1080 };

const DETECTION = { class: "person", confidence: 0.8, bbox: PERSON };
const VERDICT = { reasoning: "A person.", summary: "A person.", risk_score: 40, recommended_action: "" };

export interface InstantServers {
  readonly url: string;
  close(): void;
}

/** `frame`: the size of the pictures that they are sent. */
export async function startInstantServers(frame: Frame = FULL_HD): Promise<InstantServers> {
  const replies: Readonly<Record<string, unknown>> = {
    "/detect": {
      detections: [DETECTION],
      inference_time_ms: 0,
      image_width: frame.width,
      image_height: frame.height,
    },
    "/v1/chat/completions": {
      model: "instant",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: JSON.stringify(VERDICT) } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    },
  };
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(replies[request.url ?? ""]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
