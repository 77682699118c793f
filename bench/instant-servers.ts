/** AI servers that answer at once, so that what is measured is Vigil: one process-local server for both interfaces. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";

const DETECTION = { class: "person", confidence: 0.8, bbox: { x: 200, y: 100, width: 80, height: 160 } };
const VERDICT = { reasoning: "A person.", summary: "A person.", risk_score: 40, recommended_action: "" };

const REPLIES: Readonly<Record<string, unknown>> = {
  "/detect": { detections: [DETECTION], inference_time_ms: 0, image_width: 1920, image_height: 1080 },
  "/v1/chat/completions": {
    model: "instant",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: JSON.stringify(VERDICT) } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  },
};

export async function startInstantServers(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(REPLIES[request.url ?? ""]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}`, server };
}
