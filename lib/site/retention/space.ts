/** Whether a site takes more room than it may, or leaves too little. */
import { statfs } from "node:fs/promises";
import { folderSize } from "../../media/folder-size.ts";
import type { Site } from "../site.ts";

/** In bytes; null: no such limit. */
export interface SpaceLimits {
  /** What the data folder may take. */
  readonly most: number | null;
  /** What must stay free on its disk. */
  readonly leastFree: number | null;
}

export class Space {
  readonly #site: Site;
  readonly #limits: SpaceLimits;
  /** What the data folder took when it was measured, without what its database does not use. */
  #used: number | null = null;
  #freed = 0;
  #unused = 0;

  constructor(site: Site, limits: SpaceLimits) {
    this.#site = site;
    this.#limits = limits;
  }

  /**
   * Whether there is too little room. `freed`: bytes of files in the data folder that the run has deleted so far. What
   * the database does not use counts as free: it is given back at the end.
   */
  async isShort(freed: number, signal: AbortSignal): Promise<boolean> {
    const { most, leastFree } = this.#limits;
    const unused = this.#site.store.unusedBytes;
    if (most !== null) {
      if (this.#used === null) {
        this.#used = (await folderSize(this.#site.file(), signal)) - unused;
        this.#freed = freed;
        this.#unused = unused;
      }
      if (this.#used - (freed - this.#freed) - (unused - this.#unused) > most) return true;
    }
    if (leastFree === null) return false;
    const { bavail, bsize } = await statfs(this.#site.file());
    return bavail * bsize + unused < leastFree;
  }
}
