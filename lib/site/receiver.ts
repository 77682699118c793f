/** How messages get into a node: made records of, checked, and put into its queue; held while the store cannot answer. */
import { isUint8Array } from "node:util/types";
import type { z } from "zod";
import type { FlowMessage } from "../domain/message.ts";
import type { Clock } from "../resilience/clock.ts";
import { InputError, StoreError, VigilError } from "../resilience/errors.ts";
import type { Sent } from "../store/hand-off.ts";
import type { Delivery } from "../store/job.ts";
import { jobKey } from "../store/job-key.ts";
import type { WorkQueue } from "../store/work-queue.ts";
import { HeldMessages } from "./held-messages.ts";
import type { InstantStage, SlowStage } from "./stage.ts";

export interface ReceiverOptions<R> {
  /** The node's type, for people. */
  readonly type: string;
  readonly stage: SlowStage<R> | InstantStage<R> | undefined;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
  send(messages: readonly Sent[]): void;
  warn(text: string): void;
}

export class Receiver<R> {
  readonly #options: ReceiverOptions<R>;
  readonly #held: HeldMessages;
  /** The message before, where messages are prepared. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ReceiverOptions<R>) {
    this.#options = options;
    this.#held = new HeldMessages(options);
  }

  /**
   * Takes a message; `done` is called when its work has ended. One that the store cannot take now would be lost: it is
   * held and tried again, while there is room. Throws what is wrong with a message where that is not the store's business.
   */
  async receive(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const { type, stage } = this.#options;
    if (!stage) throw new InputError("NO_INPUT", `${type} takes commands only: set msg.command`);
    // Before anything is made of the message: a record has the time of its making, for one.
    const key = jobKey(message);
    const { payload } = message;
    const bytes = isUint8Array(payload) || typeof payload === "string" ? payload.length : 0;
    let admitted: { readonly payload: unknown } | null = null;
    await this.#held.take(bytes, async () => {
      admitted ??= { payload: stage.admit ? await stage.admit(message).catch(refusalOf) : payload };
      await this.#receive({ message, key, done }, admitted.payload, stage);
    });
  }

  /** Ends in the same breath where the stage prepares nothing. */
  async #receive(
    arrival: Pick<Delivery, "message" | "key" | "done">,
    payload: unknown,
    stage: SlowStage<R> | InstantStage<R>,
  ): Promise<void> {
    const { type, queue } = this.#options;
    const refuse = (error: VigilError) =>
      queue.refuse({ ...arrival, subject: null, cameraId: "", priority: 0, durable: false }, error);
    if (payload instanceof VigilError) {
      refuse(payload);
      return;
    }
    const record = stage.input.safeParse(payload);
    if (!record.success) {
      refuse(inputError(type, record.error));
      return;
    }
    const { message } = arrival;
    const delivery: Delivery = {
      ...arrival,
      ...stage.describe(record.data),
      message: { ...message, payload: record.data },
      // What a record was made of, nobody may send again.
      durable: "work" in stage ? payload !== message.payload : (stage.durable ?? false),
    };
    if ("work" in stage) {
      queue.receive(delivery);
      return;
    }
    const prepare = stage.prepare?.(record.data);
    if (prepare) await this.#prepareAndSettle(delivery, record.data, prepare, stage.openPort);
    else this.#settle(delivery, record.data, stage.settle, stage.openPort);
  }

  async #prepareAndSettle(
    delivery: Delivery,
    record: R,
    prepare: () => Promise<InstantStage<R>["settle"]>,
    openPort: number | undefined,
  ): Promise<void> {
    const settled = this.#last.then(async () => this.#settle(delivery, record, await prepare(), openPort));
    this.#last = settled.catch(() => {});
    await settled;
  }

  #settle(delivery: Delivery, record: R, settle: InstantStage<R>["settle"], openPort: number | undefined): void {
    const { queue, send, warn } = this.#options;
    try {
      queue.receiveAndSettle(delivery, (tables) => settle(record, delivery.message, tables));
    } catch (error) {
      if (!(error instanceof StoreError) || openPort === undefined) throw error;
      warn(`${error.message}; the message passes unchecked`);
      send([{ port: openPort, message: delivery.message }]);
      delivery.done();
    }
  }
}

/** An error for which the message is refused. Throws one that may pass, or that is a bug. */
function refusalOf(error: unknown): VigilError {
  if (!(error instanceof VigilError) || error.retryable) throw error;
  return error;
}

function inputError(type: string, error: z.ZodError): InputError {
  const [issue] = error.issues;
  const where = ["payload", ...(issue?.path ?? [])].join(".");
  return new InputError(
    "BAD_PAYLOAD",
    `${type} cannot take this message: msg.${where}: ${issue?.message}; the help of ${type} shows what it takes`,
  );
}
