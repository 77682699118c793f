/** What happens on a site, for whoever wants to know: one typed bus whose listeners leave with their owner. */
import { EventEmitter } from "node:events";
import type { Detected } from "../domain/detection.ts";
import type { SystemStatus } from "../domain/system-status.ts";
import { asError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";

export interface SiteEvents {
  /** An inspection that found something has entered the store, and its node publishes. */
  detected: [Detected];
  /** A record waits in the outbox. */
  outbox: [];
  /** A camera has sent something for the first time since this start. */
  camera: [cameraId: string];
  /** Graphics cards have been read. */
  gpu: [];
  /** An AI server was asked, and is not as it was before. */
  servers: [];
  /** The connection to the broker is another state's. */
  link: [];
  /** How the site is: at each change, and again and again. */
  status: [SystemStatus];
  /** What is wrong with the site, or how much, has changed. */
  health: [now: SystemStatus, before: SystemStatus | null];
  /** Somebody has changed a setting, or accepted a camera's view. */
  settings: [];
  /** A node has ended a job: there is room for more. */
  worked: [];
  /** A message was put into the air on behalf of this node, which is to send it. */
  aired: [nodeId: string, handoverId: string];
  /** A run of retention has begun or ended. */
  retention: [];
  /** A button of this event's notification was pressed, and this was done: to be said where it is shown. */
  obeyed: [eventId: string, done: string];
  /** The wall clock was set, and stored times are in line again: who waits for one of them must look anew. */
  clock: [];
}

export class SiteBus {
  /** A site has any number of nodes. */
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Calls a listener on each event until the owner's signal is aborted. */
  on<K extends keyof SiteEvents>(event: K, owner: AbortSignal, listener: (...args: SiteEvents[K]) => void): void {
    const guarded = (...args: SiteEvents[K]) => {
      try {
        listener(...args);
      } catch (error) {
        this.#logger.error(`A listener to "${event}" failed: ${asError(error).message}`);
      }
    };
    this.#emitter.on(event, guarded);
    owner.addEventListener("abort", () => this.#emitter.off(event, guarded), { once: true });
  }

  emit<K extends keyof SiteEvents>(event: K, ...args: SiteEvents[K]): void {
    this.#emitter.emit(event, ...args);
  }
}
