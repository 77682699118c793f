/** A Florence-2 server: says what a picture shows, and reads what is written in it. */
import { z } from "zod";
import { ReplyError } from "../../resilience/errors.ts";
import { oneLine } from "../../resilience/one-line.ts";
import { AiConnection, type AiServerOptions, GREY, jsonQuestion } from "./ai-connection.ts";
import type { AiService, Call, Crop, Findings, Task } from "./service.ts";

/** One to three sentences. The longer form tells more that is not there. */
const CAPTION_PROMPT = "<DETAILED_CAPTION>";
const CAPTION_LENGTH = 400;

const TEXT_LENGTH = 80;
const MOST_TEXTS = 8;

/** The model's own tokens, which it leaves in an answer that has gone wrong. */
const GARBAGE = /<loc_|<poly>|<pad>|VQA>|<unk>/i;
/** These stand around good answers too. */
const ENDS = /<\/?s>/g;

/** `POST /extract`; fields it has beyond these are ignored, here and below. */
const ExtractReply = z.object({ result: z.string() });

/** `POST /ocr-with-regions`. Where in the crop it is written says little. */
const OcrReply = z.object({ regions: z.array(z.object({ text: z.string() })) });

const FLORENCE = {
  name: "Florence-2 server",
  example: "http://192.168.1.10:8092",
  probe: { ...jsonQuestion("extract", GREY, { prompt: "<CAPTION>" }), reply: ExtractReply },
} as const;

export class FlorenceServer implements AiService {
  readonly #connection: AiConnection;

  /** Throws `ConfigError` AI_URL. */
  constructor(options: AiServerOptions) {
    this.#connection = new AiConnection(FLORENCE, options);
  }

  get name() {
    return this.#connection.name;
  }

  get outage() {
    return this.#connection.outage;
  }

  async ask(task: Task, { jpeg }: Crop, call: Call): Promise<Findings> {
    if (task === "writing") {
      const question = jsonQuestion("ocr-with-regions", jpeg);
      return this.#connection.ask(question, OcrReply, ({ regions }) => this.#writing(regions), call);
    }
    const question = jsonQuestion("extract", jpeg, { prompt: CAPTION_PROMPT });
    return this.#connection.ask(question, ExtractReply, ({ result }) => this.#caption(result), call);
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#connection.probe(signal);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #caption(result: string): Findings {
    const caption = this.#cleaned(result, CAPTION_LENGTH);
    return caption === "" ? {} : { caption: { text: caption } };
  }

  #writing(regions: readonly { text: string }[]): Findings {
    const texts = [...new Set(regions.map(({ text }) => this.#cleaned(text, TEXT_LENGTH)))].filter(
      (text) => text !== "",
    );
    return texts.length === 0 ? {} : { text: { reads: texts.slice(0, MOST_TEXTS) } };
  }

  #cleaned(answer: string, length: number): string {
    if (GARBAGE.test(answer)) {
      throw new ReplyError("AI_GARBAGE", `${this.name} answered garbage: ${oneLine(answer, TEXT_LENGTH)}`);
    }
    return oneLine(answer.replace(ENDS, " "), length);
  }
}
