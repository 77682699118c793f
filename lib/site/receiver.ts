/** How messages get into a node: made records of, checked, and put into its queue; held while the store cannot answer. */
import type { z } from "zod";
import type { FlowMessage } from "../domain/message.ts";
import type { Clock } from "../resilience/clock.ts";
import { asError, InputError, StoreError, VigilError } from "../resilience/errors.ts";
import type { Sent } from "../store/hand-off.ts";
import type { Delivery } from "../store/job.ts";
import type { WorkQueue } from "../store/work-queue.ts";
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

/** While the store itself fails, what waits for it is tried again this often. */
const STORE_RETRY_MS = 5_000;

export class Receiver<R> {
  readonly #options: ReceiverOptions<R>;
  /** Whether the store has failed since it last took a message, so that each outage is mentioned once. */
  #storeFails = false;

  constructor(options: ReceiverOptions<R>) {
    this.#options = options;
  }

  /**
   * Takes a message; `done` is called when its work has ended. One that the store cannot take now would be lost: it is
   * held and tried again. Throws what is wrong with a message where that is not the store's business.
   */
  async receive(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const { clock, signal, warn } = this.#options;
    for (;;) {
      try {
        await this.#receive(message, done);
        this.#storeFails = false;
        return;
      } catch (error) {
        if (!(error instanceof StoreError && error.retryable) || signal.aborted) throw error;
        if (!this.#storeFails) warn(`${error.message}; messages wait`);
        this.#storeFails = true;
        await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }

  async #receive(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const { type, stage, queue } = this.#options;
    if (!stage) throw new InputError("NO_INPUT", `${type} takes commands only: set msg.command`);
    const refused = { message, subject: null, cameraId: "", priority: 0, durable: false, done };
    const admitted = stage.admit ? await stage.admit(message).catch(asError) : message.payload;
    if (admitted instanceof Error) {
      if (!(admitted instanceof VigilError) || admitted.retryable) throw admitted;
      queue.refuse(refused, admitted);
      return;
    }
    const record = stage.input.safeParse(admitted);
    if (!record.success) {
      queue.refuse(refused, inputError(type, record.error));
      return;
    }
    const delivery: Delivery = {
      ...stage.describe(record.data),
      message: { ...message, payload: record.data },
      durable: "work" in stage ? Buffer.isBuffer(message.payload) : (stage.durable ?? false),
      done,
    };
    if ("work" in stage) queue.receive(delivery);
    else this.#settle(delivery, record.data, stage);
  }

  #settle(delivery: Delivery, record: R, stage: InstantStage<R>): void {
    const { queue, send, warn } = this.#options;
    try {
      queue.receiveAndSettle(delivery, (tables) => stage.settle(record, delivery.message, tables));
    } catch (error) {
      if (!(error instanceof StoreError) || stage.openPort === undefined) throw error;
      warn(`${error.message}; the message passes unchecked`);
      send([{ port: stage.openPort, message: delivery.message }]);
      delivery.done();
    }
  }
}

function inputError(type: string, error: z.ZodError): InputError {
  const [issue] = error.issues;
  const where = ["payload", ...(issue?.path ?? [])].join(".");
  return new InputError("BAD_PAYLOAD", `${type} cannot take this message: msg.${where}: ${issue?.message}`);
}
