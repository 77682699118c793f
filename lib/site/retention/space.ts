/** Whether a site takes more room than it may, or leaves too little. */
import { stat, statfs } from "node:fs/promises";
import { folderSize } from "../../media/folder-size.ts";
import type { Site } from "../site.ts";

/** In bytes; null: no such limit. */
export interface SpaceLimits {
  /** What the data folder may take. */
  readonly most: number | null;
  /** What must stay free on its disk, and on those of the camera folders. */
  readonly leastFree: number | null;
}

/** Where there is too little room. */
export interface Shortage {
  /** For the data folder. */
  readonly own: boolean;
  /** On the disks of these camera folders. */
  readonly roots: ReadonlySet<string>;
}

export interface SpaceOptions {
  readonly site: Site;
  readonly limits: SpaceLimits;
  /** Camera folders that room can be made in. */
  readonly roots: readonly string[];
}

export class Space {
  readonly #options: SpaceOptions;
  /** What the data folder took when it was measured, without what its database does not use. */
  #used: number | null = null;
  #freed = 0;
  #unused = 0;

  constructor(options: SpaceOptions) {
    this.#options = options;
  }

  /**
   * `freed`: bytes of files in the data folder that the run has deleted so far. What the database does not use counts as
   * free: it is given back at the end. A camera folder that is away lacks no room.
   */
  async shortage(freed: number, signal: AbortSignal): Promise<Shortage> {
    const { site, limits, roots } = this.#options;
    const { leastFree } = limits;
    const isTooLarge = await this.#isTooLarge(freed, signal);
    if (leastFree === null) return { own: isTooLarge, roots: new Set() };
    const data = site.file();
    const { dev } = await stat(data);
    const isFull = async (folder: string) => {
      const { bavail, bsize } = await statfs(folder);
      const unused = (await stat(folder)).dev === dev ? site.store.unusedBytes : 0;
      return bavail * bsize + unused < leastFree;
    };
    const full = new Set<string>();
    for (const root of roots) if (await isFull(root).catch(() => false)) full.add(root);
    return { own: isTooLarge || (await isFull(data)), roots: full };
  }

  async #isTooLarge(freed: number, signal: AbortSignal): Promise<boolean> {
    const { site, limits } = this.#options;
    const { unusedBytes: unused } = site.store;
    if (limits.most === null) return false;
    if (this.#used === null) {
      this.#used = (await folderSize(site.file(), signal)) - unused;
      this.#freed = freed;
      this.#unused = unused;
    }
    return this.#used - (freed - this.#freed) - (unused - this.#unused) > limits.most;
  }
}

export function isShort({ own, roots }: Shortage): boolean {
  return own || roots.size > 0;
}
