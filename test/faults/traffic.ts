/** The cameras: they upload numbered stills in every way that cameras do, and the list of what they wrote is kept. */
import { mkdirSync, renameSync } from "node:fs";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import { broken, picture, poisoned, sha256 } from "./stills.ts";

/**
 * What must become of a file: `whole` is inspected, or a duplicate of one that is; `broken` is rejected; `poisoned` is a
 * dead letter; `old` lay there before the folder was first watched; `deleted` and `overwritten` may have been seen in
 * time or not.
 */
export type Fate = "whole" | "broken" | "poisoned" | "old" | "deleted" | "overwritten";

/** What the detector sees in a picture: somebody it is sure of, something, or nothing. */
export type Sight = "urgent" | "something" | "nothing";

export interface Still {
  readonly number: number;
  /** Relative to the watched folder. */
  readonly path: string;
  readonly camera: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly sight: Sight;
  readonly fate: Fate;
  /** The life during or before which it was uploaded. */
  readonly life: number;
}

const BUSY = ["front", "back", "garden", "hall"];
/** Cameras that upload once and then never again: nothing but a timer can close their batches. */
const MOST_QUIET = 40;

export class Traffic {
  readonly #folder: string;
  readonly #spool: string;
  readonly #dice: Dice;
  readonly #stills: Still[] = [];
  readonly #sights = new Map<string, Sight>();
  readonly #bytes = new Map<string, Buffer>();
  readonly #writing = new Set<Promise<void>>();
  #count = 0;
  #quiet = 0;
  #life = 0;

  /** `spool`: a folder of the same file system, from which a file can be moved into place. */
  constructor(folder: string, spool: string, dice: Dice) {
    this.#folder = folder;
    this.#spool = spool;
    this.#dice = dice;
    for (const each of [folder, spool]) mkdirSync(each, { recursive: true });
  }

  get stills(): readonly Still[] {
    return this.#stills;
  }

  /** What there is to see in a picture with this SHA-256. */
  sight(sha: string): Sight {
    return this.#sights.get(sha) ?? "nothing";
  }

  /** From now on, uploads belong to this life. */
  begin(life: number): void {
    this.#life = life;
  }

  /** Files that are there before anybody looks. */
  async layOld(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const number = this.#number();
      const bytes = await picture(number);
      await writeFile(this.#place(this.#enter(number, "old", this.#dice.pick(BUSY), bytes, "something")), bytes);
    }
  }

  /** Uploads one file; large parts of it may come later. */
  async upload(): Promise<void> {
    const dice = this.#dice;
    const kind = dice.throw();
    if (kind < 0.12) return this.#copy();
    if (kind < 0.2) return this.#changeMind();
    const number = this.#number();
    if (kind < 0.27) return this.#drop(number, "broken", this.#busy(), await broken(number, dice), "nothing");
    if (kind < 0.31) return this.#drop(number, "poisoned", this.#busy(), poisoned(number), "nothing");
    if (this.#quiet < MOST_QUIET && dice.chance(0.25)) {
      this.#quiet += 1;
      return this.#drop(number, "whole", `quiet${this.#quiet}`, await picture(number), "something");
    }
    const sight = dice.pick(["urgent", "urgent", "something", "nothing"] as const);
    this.#drop(number, "whole", this.#busy(), await picture(number), sight);
  }

  /** Resolves when all files are there with all their bytes. */
  async finish(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #number(): number {
    this.#count += 1;
    return this.#count;
  }

  #busy(): string {
    return this.#dice.pick(BUSY);
  }

  /** The same bytes under another name. */
  async #copy(): Promise<void> {
    const originals = this.#stills.filter(({ fate, camera }) => fate === "whole" && BUSY.includes(camera));
    if (originals.length === 0) return;
    const { camera, sha256: sha, sight } = this.#dice.pick(originals);
    const bytes = this.#bytes.get(sha);
    if (bytes) this.#drop(this.#number(), "whole", camera, bytes, sight);
  }

  /** A file that is there and then is not, or is another one. */
  async #changeMind(): Promise<void> {
    const camera = this.#busy();
    const pause = this.#dice.whole(0, 300);
    const isDeleted = this.#dice.chance(0.5);
    const number = this.#number();
    const first = await picture(number);
    if (isDeleted) {
      const still = this.#enter(number, "deleted", camera, first, "something");
      this.#track(async () => {
        await writeFile(this.#place(still), first);
        await sleep(pause);
        await rm(this.#place(still), { force: true });
      });
      return;
    }
    // Of another size, which is how the two are told apart.
    const next = this.#number();
    const second = await picture(next, 320);
    const gone = this.#enter(number, "overwritten", camera, first, "nothing");
    const still = this.#enter(next, "whole", camera, second, "something", gone.path);
    this.#track(async () => {
      await writeFile(this.#place(gone), first);
      await sleep(pause);
      await this.#moveIn(still, second);
    });
  }

  #drop(number: number, fate: Fate, camera: string, bytes: Buffer, sight: Sight): void {
    const still = this.#enter(number, fate, camera, bytes, sight);
    const way = this.#dice.pick(["at once", "moved", "slowly"] as const);
    const pauses = [this.#dice.whole(10, 80), this.#dice.whole(10, 80)];
    this.#track(async () => {
      if (way === "moved") return this.#moveIn(still, bytes);
      if (way === "at once") return writeFile(this.#place(still), bytes);
      const third = Math.ceil(bytes.length / 3);
      await writeFile(this.#place(still), bytes.subarray(0, third));
      for (const [n, pause] of pauses.entries()) {
        await sleep(pause);
        await appendFile(this.#place(still), bytes.subarray((n + 1) * third, (n + 2) * third));
      }
    });
  }

  async #moveIn(still: Still, bytes: Buffer): Promise<void> {
    const draft = join(this.#spool, String(still.number));
    await writeFile(draft, bytes);
    renameSync(draft, this.#place(still));
  }

  #enter(number: number, fate: Fate, camera: string, bytes: Buffer, sight: Sight, path?: string): Still {
    // A camera that sends what it has kept for long: that is the backlog's lane.
    const name = this.#dice.chance(0.1) ? `MDAlarm_20251001-123100_${number}.jpg` : `still_${number}.jpg`;
    const still: Still = {
      number,
      path: path ?? join(camera, name),
      camera,
      sha256: sha256(bytes),
      size: bytes.length,
      sight,
      fate,
      life: this.#life,
    };
    this.#stills.push(still);
    this.#sights.set(still.sha256, sight);
    this.#bytes.set(still.sha256, bytes);
    mkdirSync(join(this.#folder, camera), { recursive: true });
    return still;
  }

  #place({ path }: Still): string {
    return join(this.#folder, path);
  }

  #track(write: () => Promise<void>): void {
    const writing = write().finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}
