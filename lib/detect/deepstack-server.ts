/** Detection by a server with DeepStack's interface over HTTP: CodeProject.AI, DeepStack, Blue Onyx. */
import { onlyHealth, type ServerHealth, type ServerReport } from "../domain/server-report.ts";
import { ReplyError, ServerError, type VigilError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import { type DeepstackFailure, DeepstackReply, Ping } from "./deepstack-reply.ts";
import { type Detector, detectOneByOne, type Picture, type PictureFault, type Sighting } from "./detector.ts";
import {
  type Answer,
  DetectorConnection,
  isMissing,
  pictureForm,
  quote,
  type ServerOptions,
} from "./detector-connection.ts";

/** What servers say that have no time, or no model, at the moment. */
const BUSY = /queue|busy|timed? ?out|cancell?ed|not (ready|loaded|available)|(starting|loading|unable to create)\b/i;

export interface DeepstackOptions extends ServerOptions {
  /** The server leaves out what it is less sure of, 0 to 1; by itself it would leave out all below 0.4. */
  readonly minConfidence: number;
}

/** `POST <url>/v1/vision/detection`, the picture as field `image`, and `min_confidence`. */
export class DeepstackServer implements Detector {
  readonly name: string;
  readonly inProcess = false;
  readonly concurrency: number;
  readonly #connection: DetectorConnection;
  readonly #minConfidence: string;

  /** Throws as `DetectorConnection` does. */
  constructor({ minConfidence, ...options }: DeepstackOptions) {
    this.#connection = new DetectorConnection(options);
    this.name = this.#connection.name;
    this.concurrency = options.concurrency;
    this.#minConfidence = String(minConfidence);
  }

  /** See `Detector`; for the errors' codes `DetectorConnection`. What `success: false` means is told by its `code`. */
  async detect(picture: Picture, signal: AbortSignal): Promise<Sighting> {
    const form = pictureForm("image", [picture], [{ name: "min_confidence", value: this.#minConfidence }]);
    const answer = await this.#connection.post("v1/vision/detection", form, signal);
    const reply = this.#connection.parse(answer, DeepstackReply);
    if (!reply.success) throw this.#failure(reply);
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

  /** A code is that of HTTP, or below 0 for CodeProject.AI's own troubles; without one, the words must do. */
  #failure({ error, message, code }: DeepstackFailure): VigilError {
    const words = error || message || "";
    const said = `${this.name} could not look at the picture: ${quote(words)}`;
    const isServers = code ? code < 400 || code >= 500 : BUSY.test(words);
    if (!isServers) return new ReplyError("DETECTOR_REFUSED", said);
    return new ServerError(BUSY.test(words) ? "DETECTOR_BUSY" : "DETECTOR_FAILED", said);
  }
}

function answerTo({ status, text }: Answer): ServerHealth {
  if (status >= 300) return "failing";
  const pong = Ping.safeParse(jsonIn(text));
  if (!pong.success) return "unknown";
  return pong.data.success ? "ready" : "failing";
}
