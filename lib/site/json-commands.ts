/** Commands as JSON on an MQTT topic, each with an answer on another. */
import type { MqttLink } from "../mqtt/link.ts";
import { asError, InputError, VigilError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";

export interface CommandTopics {
  /** Where commands are taken, and where their answers go. */
  readonly set: string;
  readonly answer: string;
}

const LOGGED_BYTES = 200;

/** Obeys what comes for as long as the link lasts; `example` shows people what would be right. */
export function obeyJson(
  { link, logger }: { link: MqttLink; logger: Logger },
  { set, answer }: CommandTopics,
  example: string,
  obey: (content: unknown) => object,
): void {
  link.subscribe(set, (payload, retained) => {
    // A retained command would be obeyed again at each connection.
    if (retained) {
      logger.warn(`A retained message on ${set} is ignored; commands must not be retained`);
      return;
    }
    const reply = (body: object) => {
      link.publish({ topic: answer, payload: JSON.stringify(body), retain: false }).catch((error) => {
        logger.warn(`The answer to a command was not published: ${asError(error).message}`);
      });
    };
    try {
      reply(obey(parse(payload, example)));
    } catch (error) {
      const { message } = asError(error);
      logger.warn(`A command on ${set} was refused: ${message}`);
      reply({ error: { code: error instanceof VigilError ? error.code : "UNEXPECTED", message } });
    }
  });
}

function parse(payload: Buffer, example: string): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch (cause) {
    const start = JSON.stringify(payload.subarray(0, LOGGED_BYTES).toString());
    throw new InputError("BAD_COMMAND", `it must be JSON such as ${example}, and was ${start}`, { cause });
  }
}
