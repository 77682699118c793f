/** What rows and files say of each other: files of the data folder that no row names, and rows that name a file which is gone. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { DoomedFile } from "../../domain/retention.ts";
import { toIso } from "../../domain/time.ts";
import { removeInside } from "../../media/remove-file.ts";
import { codeOf } from "../../resilience/disk-full.ts";
import { asError } from "../../resilience/errors.ts";
import { INBOX, type Site } from "../site.ts";
import { FOLDER_OF, inboxFile, type OwnKind, ownFile } from "./own-file.ts";
import type { Slices } from "./slices.ts";
import type { Tally } from "./tally.ts";

export interface OrphansOptions {
  readonly site: Site;
  readonly now: number;
  readonly dryRun: boolean;
  readonly slices: Slices;
  readonly tally: Tally;
}

/** A database that was lost or set aside may yet be put back, and its pictures with it. */
const FILE_AGE_MS = 7 * 24 * 60 * 60_000;
/** Files that are looked at between two rests. */
const GROUP = 50;
const KINDS = ["still", "thumbnail", "picture"] as const;

interface Named extends DoomedFile {
  readonly kind: OwnKind;
  /** Relative to the data folder. */
  readonly path: string;
}

export class Orphans {
  readonly #options: OrphansOptions;

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#rowsWithoutFiles();
    for (const kind of KINDS) await this.#filesWithoutRows(FOLDER_OF[kind], (path) => this.#isKnown(kind, path));
    const known = await this.#inboxPaths();
    await this.#filesWithoutRows(INBOX, (path) => inboxFile(path) === null || known.has(path));
  }

  async #rowsWithoutFiles(): Promise<void> {
    const { retainedBatches } = this.#options.site.store;
    // A folder that is empty or missing may be a drive that is away.
    const present = new Set<OwnKind>();
    for (const kind of KINDS) if (await this.#holdsAnything(FOLDER_OF[kind])) present.add(kind);
    const named = (kind: OwnKind, id: string, named: string | null): Named[] => {
      const path = ownFile(kind, id, named);
      return path !== null && present.has(kind) ? [{ kind, id, path }] : [];
    };
    const inspections = (row: number) => retainedBatches.inspectionsAfter(row);
    for (let heads = inspections(0); heads.length > 0; heads = inspections(heads.at(-1)?.row ?? 0)) {
      await this.#look(
        heads.flatMap(({ inspection_id, still_path, thumbnail_path }) => [
          ...named("still", inspection_id, still_path),
          ...named("thumbnail", inspection_id, thumbnail_path),
        ]),
      );
    }
    const pictures = (row: number) => retainedBatches.picturesAfter(row);
    for (let heads = pictures(0); heads.length > 0; heads = pictures(heads.at(-1)?.row ?? 0)) {
      await this.#look(heads.flatMap(({ event_id, picture_path }) => named("picture", event_id, picture_path)));
    }
  }

  async #look(files: readonly Named[]): Promise<void> {
    const { site, slices, tally, dryRun } = this.#options;
    const missing: Named[] = [];
    for (const file of files) {
      const found = await lstat(site.file(file.path)).catch((thrown: unknown) => codeOf(thrown));
      if (found === "ENOENT") missing.push(file);
    }
    await slices.rest();
    tally.missing += missing.length;
    if (missing.length === 0 || dryRun) return;
    site.store.transaction(({ doomed }) => {
      for (const file of missing) doomed.settle(file, toIso(site.clock.now()));
    });
  }

  async #filesWithoutRows(folder: string, isKnown: (path: string) => boolean): Promise<void> {
    const { site, slices } = this.#options;
    let group: string[] = [];
    for await (const path of filesIn(site.file(), folder)) {
      group.push(path);
      if (group.length < GROUP) continue;
      await this.#removeUnknown(group.filter((each) => !isKnown(each)));
      group = [];
      await slices.rest();
    }
    await this.#removeUnknown(group.filter((each) => !isKnown(each)));
  }

  async #removeUnknown(paths: readonly string[]): Promise<void> {
    const { site, now, tally, dryRun } = this.#options;
    const root = site.file();
    for (const path of paths) {
      const isMeant = (stats: { mtimeMs: bigint }) => now - Number(stats.mtimeMs) > FILE_AGE_MS;
      try {
        const removal = await removeInside({ root, path, isMeant, dryRun });
        if (removal.what !== "removed") continue;
        tally.orphans += 1;
        tally.pictures += 1;
        tally.freed_bytes += removal.bytes;
        tally.own_bytes += removal.bytes;
      } catch (error) {
        tally.failed += 1;
        tally.problem ??= asError(error).message;
      }
    }
  }

  /** A file whose name is none that Vigil gives is not Vigil's, and nobody's business. */
  #isKnown(kind: OwnKind, path: string): boolean {
    const [, id = ""] = /([^/]+)\.jpg$/.exec(path) ?? [];
    if (ownFile(kind, id, path) === null) return true;
    return ownFile(kind, id, this.#options.site.store.doomed.pathOf({ kind, id })) !== null;
  }

  /** What is named by rows and by jobs, whatever led to the data folder when they were written. */
  async #inboxPaths(): Promise<Set<string>> {
    const { site, slices } = this.#options;
    const named = new Set<string>();
    await slices.change(({ openSubjects }) => openSubjects.paths(named));
    const paths = new Set([...named].flatMap((path) => inboxFile(path) ?? []));
    const next = (row: number) => site.store.retainedUploads.before(row);
    for (let heads = next(Number.MAX_SAFE_INTEGER); heads.length > 0; heads = next(heads.at(-1)?.row ?? 0)) {
      for (const { root, path } of heads) {
        const inbox = root === null ? inboxFile(path) : null;
        if (inbox !== null) paths.add(inbox);
      }
      await slices.rest();
    }
    return paths;
  }

  async #holdsAnything(folder: string): Promise<boolean> {
    for await (const _ of filesIn(this.#options.site.file(), folder)) return true;
    return false;
  }
}

/** The regular files of a folder and below it, links not followed, by their paths relative to the root. */
async function* filesIn(root: string, folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(join(root, folder))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* filesIn(root, path);
      else if (entry.isFile()) yield path;
    }
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw thrown;
  }
}
