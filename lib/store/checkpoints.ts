/**
 * Copies what much writing has left in a database's journal into the database from a thread. In the connection that
 * writes, all of Node-RED would wait while the disk syncs.
 */
import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { z } from "zod";

const THREAD = new URL(`./checkpoint-thread${extname(import.meta.filename)}`, import.meta.url);
/** About 8 MB of journal between two checkpoints. */
const MOST_PAGES = 2_000;

export class Checkpoints {
  readonly #thread: Worker;
  /** Slices between two checkpoints. */
  #interval = 1;
  #since = 0;

  /** `database`: the file of an open one. `onEnd`: nobody looks after the journal any more, also where the thread has failed. */
  constructor(database: string, onEnd: () => void) {
    this.#thread = new Worker(THREAD, { workerData: { database } }).on("error", () => {});
    this.#thread.once("exit", onEnd);
  }

  /** To be called after each slice of writing; now and then it resolves only when a checkpoint is through. */
  async afterSlice(): Promise<void> {
    this.#since += 1;
    if (this.#since < this.#interval) return;
    const pages = await this.#checkpoint();
    if (pages > 0) this.#interval = Math.max(1, Math.floor((MOST_PAGES * this.#since) / pages));
    this.#since = 0;
  }

  async close(): Promise<void> {
    await this.#checkpoint();
    await this.#thread.terminate();
  }

  /** How many pages the journal had; 0 where the thread has failed. */
  async #checkpoint(): Promise<number> {
    const ended = new AbortController();
    const end = once(this.#thread, "exit", ended).then(() => [0]);
    const answer = once(this.#thread, "message", ended);
    this.#thread.postMessage("checkpoint");
    try {
      const [pages] = await Promise.race([answer, end]);
      return z.int().parse(pages);
    } catch {
      return 0;
    } finally {
      ended.abort();
      await Promise.allSettled([end, answer]);
    }
  }
}
