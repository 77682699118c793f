/** Detection by a server with DeepStack's interface over HTTP: CodeProject.AI, DeepStack, Blue Onyx. */
import { onlyHealth, type ServerHealth, type ServerReport } from "../domain/server-report.ts";
import { deepstackError } from "../resilience/deepstack-failure.ts";
import { jsonIn } from "../resilience/json.ts";
import { type Answer, isMissing, type ServerConnection } from "../resilience/server-connection.ts";
import { DeepstackReply, Ping } from "./deepstack-reply.ts";
import { type Detector, detectOneByOne, type Picture, type PictureFault, type Sighting } from "./detector.ts";
import { connectDetector, pictureForm, type ServerOptions } from "./detector-connection.ts";

export interface DeepstackOptions extends ServerOptions {
  /** The server leaves out what it is less sure of, 0 to 1; by itself it would leave out all below 0.4. */
  readonly minConfidence: number;
}

/** `POST <url>/v1/vision/detection`, the picture as field `image`, and `min_confidence`. */
export class DeepstackServer implements Detector {
  readonly name: string;
  readonly inProcess = false;
  readonly concurrency: number;
  readonly #connection: ServerConnection;
  readonly #minConfidence: string;

  /** Throws as `ServerConnection` does. */
  constructor({ minConfidence, ...options }: DeepstackOptions) {
    this.#connection = connectDetector(options);
    this.name = this.#connection.name;
    this.concurrency = options.concurrency;
    this.#minConfidence = String(minConfidence);
  }

  /** See `Detector`; for the errors' codes `ServerConnection`. What `success: false` means is told by its `code`. */
  async detect(picture: Picture, signal: AbortSignal): Promise<Sighting> {
    const form = pictureForm("image", [picture], [{ name: "min_confidence", value: this.#minConfidence }]);
    const answer = await this.#connection.post("v1/vision/detection", form, signal);
    const reply = this.#connection.parse(answer, DeepstackReply);
    if (!reply.success) throw deepstackError("DETECTOR", this.name, reply);
    return { frame: picture.frame, boxes: reply.predictions, inferenceMs: reply.inferenceMs };
  }

  async detectMany(pictures: readonly Picture[], signal: AbortSignal): Promise<(Sighting | PictureFault)[]> {
    return detectOneByOne(this, pictures, signal);
  }

  /** CodeProject.AI has an endpoint for it; of the others, the front page shows no more than that they run. */
  async look(signal: AbortSignal): Promise<ServerReport> {
    const ping = await this.#connection.look("v1/status/ping", signal);
    if (ping === null) return onlyHealth("failing");
    if (!isMissing(ping)) return onlyHealth(answerTo(ping));
    const page = await this.#connection.look("", signal);
    if (page === null) return onlyHealth("failing");
    return onlyHealth(page.status < 300 ? "ready" : "unknown");
  }

  /** The server keeps nothing between pictures. */
  reset(): void {}

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

function answerTo({ status, text }: Answer): ServerHealth {
  if (status >= 300) return "failing";
  const pong = Ping.safeParse(jsonIn(text));
  if (!pong.success) return "unknown";
  return pong.data.success ? "ready" : "failing";
}
