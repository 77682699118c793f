/**
 * Copies what is in a database's journal into the database from a thread, a few megabytes at a time. In the connection
 * that writes, all of Node-RED would wait while the disk syncs twice.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { CheckpointThread } from "./checkpoint-thread.ts";

const THREAD = new URL(`./checkpoint-thread${extname(import.meta.filename)}`, import.meta.url);
/** The largest commits write some 100 pages, and a checkpoint is worth it from 1,000 on. */
const COMMITS_BETWEEN_LOOKS = 8;
/** The thread is in the middle of a checkpoint at most. */
const CLOSING_MS = 10_000;

export class Checkpoints {
  readonly #database: string;
  readonly #closed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #thread: Worker | null = null;
  #hasFailed = false;
  #commits = 0;
  /** Who waits for an answer of the thread, the first to come first. */
  #waiting: (() => void)[] = [];

  /** `database`: the file of an open one, whose own connection must look after the journal where the thread fails. */
  constructor(database: string) {
    this.#database = database;
  }

  /** To be called after each commit. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits % COMMITS_BETWEEN_LOOKS === 0) void this.look();
  }

  /** Has the thread copy the journal if it is worth it; resolves when it has, or has failed. */
  async look(): Promise<void> {
    if (this.#hasFailed) return;
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage("look");
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Returns when the thread has left the database: nobody may put another in its place before. */
  close(): void {
    this.#thread?.postMessage("close");
    if (this.#thread) Atomics.wait(this.#closed, 0, 0, CLOSING_MS);
  }

  #start(): Worker {
    const workerData: CheckpointThread = { database: this.#database, closed: this.#closed };
    const thread = new Worker(THREAD, { workerData });
    thread.on("message", () => {
      this.#waiting.shift()?.();
      if (this.#waiting.length === 0) thread.unref();
    });
    thread.on("error", () => {});
    thread.once("exit", () => {
      this.#hasFailed = true;
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
    return thread;
  }
}
