/** Detection by a YOLO26 or RT-DETRv2 server over HTTP. */
import { onlyHealth, type ServerReport } from "../domain/server-report.ts";
import { jsonIn } from "../resilience/json.ts";
import { isMissing, type ServerConnection } from "../resilience/server-connection.ts";
import { type Detector, detectOneByOne, type Picture, type PictureFault, type Sighting } from "./detector.ts";
import { connectDetector, pictureForm, type ServerOptions } from "./detector-connection.ts";
import { type Seen, YoloBatchReply, YoloHealth, YoloReply } from "./yolo-reply.ts";

/** Pictures in one request: the server holds all of them, decoded, at once. */
const MAX_BATCH = 8;

/** How a server refuses a batch that one of its pictures may have spoilt; a truncated one is 500. */
const SPOILT: readonly number[] = [400, 413, 422, 500];

/** `POST <url>/detect`, the picture as field `file`; several are repeated fields `files` of `POST <url>/detect/batch`. */
export class YoloServer implements Detector {
  readonly name: string;
  readonly inProcess = false;
  readonly concurrency: number;
  readonly #timeoutMs: number;
  readonly #connection: ServerConnection;
  /** Until the server is found to have no such endpoint. */
  #takesBatches = true;

  /** Throws as `ServerConnection` does. */
  constructor(options: ServerOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#connection = connectDetector(options);
    this.name = this.#connection.name;
    this.concurrency = options.concurrency;
  }

  /** See `Detector`; for the errors' codes `ServerConnection`. */
  async detect(picture: Picture, signal: AbortSignal): Promise<Sighting> {
    const answer = await this.#connection.post("detect", pictureForm("file", [picture]), signal);
    const { inference_time_ms: inferenceMs, ...seen } = this.#connection.parse(answer, YoloReply);
    return this.#sighting(seen, inferenceMs, picture);
  }

  async detectMany(pictures: readonly Picture[], signal: AbortSignal): Promise<(Sighting | PictureFault)[]> {
    const answers: (Sighting | PictureFault)[] = [];
    for (let start = 0; start < pictures.length; start += MAX_BATCH) {
      answers.push(...(await this.#detectBatch(pictures.slice(start, start + MAX_BATCH), signal)));
    }
    return answers;
  }

  async look(signal: AbortSignal): Promise<ServerReport> {
    const answer = await this.#connection.look("health", signal);
    if (answer === null) return onlyHealth("failing");
    // Whatever the status: some servers answer 503 until the model is loaded.
    const state = YoloHealth.safeParse(jsonIn(answer.text));
    if (!state.success) return onlyHealth(answer.status < 300 || isMissing(answer) ? "unknown" : "failing");
    const { model_loaded, gpu } = state.data;
    return { health: model_loaded ? "ready" : "warming", gpu, slots: null };
  }

  /** The server keeps nothing between pictures. */
  reset(): void {}

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #detectBatch(pictures: readonly Picture[], signal: AbortSignal): Promise<(Sighting | PictureFault)[]> {
    if (pictures.length === 1 || !this.#takesBatches) return detectOneByOne(this, pictures, signal);
    const form = pictureForm("files", pictures);
    const answer = await this.#connection.post("detect/batch", form, signal, this.#timeoutMs * pictures.length);
    if (isMissing(answer)) this.#takesBatches = false;
    if (isMissing(answer) || SPOILT.includes(answer.status)) return detectOneByOne(this, pictures, signal);

    const { results, total_inference_time_ms: totalMs } = this.#connection.parse(answer, YoloBatchReply);
    const indices = results.map(({ index }, position) => index ?? position);
    if (results.length !== pictures.length || indices.some((index, position) => index !== position)) {
      const wrong = `was sent ${pictures.length} pictures, but answers for [${indices.join(", ")}]`;
      throw this.#connection.wrongReply(wrong);
    }
    const shareMs = totalMs === null ? null : totalMs / pictures.length;
    const resultOf = new Map(pictures.map((picture, position) => [picture, results[position]]));
    const look = async (picture: Picture) => {
      const result = resultOf.get(picture);
      // An error may be the picture's fault or the server's: alone, the status says which.
      if (!result || typeof result.error === "string") return this.detect(picture, signal);
      return this.#sighting(result, shareMs, picture);
    };
    return detectOneByOne({ detect: look }, pictures, signal);
  }

  /** The server must mean the picture that it was sent: another one would put every box out of place. */
  #sighting(seen: Seen, inferenceMs: number | null, { frame }: Picture): Sighting {
    const { image_width: width = frame.width, image_height: height = frame.height, detections: boxes } = seen;
    if (frame.width === width && frame.height === height) return { frame, boxes, inferenceMs };
    const what = `says the picture is ${width} x ${height}, where it is ${frame.width} x ${frame.height}`;
    throw this.#connection.wrongReply(what);
  }
}
