/** A reader of number plates with CodeProject.AI's interface. */
import { z } from "zod";
import { DeepstackFailure, deepstackError } from "../../resilience/deepstack-failure.ts";
import { multipartForm } from "../../resilience/multipart.ts";
import { oneLine } from "../../resilience/one-line.ts";
import { AiConnection, type AiServerOptions, GREY, type Question } from "./ai-connection.ts";
import type { AiService, Call, Crop, Findings, Task } from "./service.ts";

/** The longest plates have ten characters, and spaces between. */
const PLATE_LENGTH = 16;
/** A car shows one. */
const MOST_PLATES = 3;

/** `POST /v1/image/alpr`. Older modules have the plate only in the label, after `Plate: `. */
const PlateReply = z.discriminatedUnion("success", [
  z.object({
    success: z.literal(true),
    predictions: z.array(
      z.object({ plate: z.string().optional(), label: z.string().default(""), confidence: z.number().min(0).max(1) }),
    ),
  }),
  DeepstackFailure,
]);

const PLATES = {
  name: "plate reader",
  example: "http://192.168.1.10:32168",
  probe: { ...questionOf(GREY, "grey.png"), reply: z.object({ success: z.literal(true) }) },
} as const;

export class PlateServer implements AiService {
  readonly #connection: AiConnection;

  /** Throws `ConfigError` AI_URL. */
  constructor(options: AiServerOptions) {
    this.#connection = new AiConnection(PLATES, options);
  }

  get name() {
    return this.#connection.name;
  }

  get outage() {
    return this.#connection.outage;
  }

  async ask(_task: Task, { jpeg }: Crop, call: Call): Promise<Findings> {
    return this.#connection.ask(questionOf(jpeg, "vehicle.jpg"), PlateReply, (reply) => this.#plates(reply), call);
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#connection.probe(signal);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #plates(reply: z.infer<typeof PlateReply>): Findings {
    if (!reply.success) throw deepstackError("AI", this.name, reply);
    const plates = reply.predictions
      .map(({ plate, label, confidence }) => ({ plate: plateIn(plate ?? label), confidence }))
      .filter(({ plate }) => plate !== "")
      .sort((a, b) => b.confidence - a.confidence);
    return plates.length === 0 ? {} : { text: { plates: plates.slice(0, MOST_PLATES) } };
  }
}

/** A plate as it is written: letters of any script and digits, in upper case. Anything else was not read off a plate. */
function plateIn(text: string): string {
  const plate = oneLine(text.replace(/^plate:/i, ""), PLATE_LENGTH + 1).toUpperCase();
  return /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} .·-]*$/u.test(plate) && plate.length <= PLATE_LENGTH ? plate : "";
}

function questionOf(picture: Buffer, fileName: string): Question {
  const body = multipartForm([{ name: "upload", fileName, bytes: picture }]);
  return { path: "v1/image/alpr", picture, body };
}
