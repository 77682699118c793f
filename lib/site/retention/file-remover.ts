/**
 * Deletes files that rows name: marked first, then deleted, then taken out of the rows. A crash in between leaves neither a
 * file that no row names, nor a row that names a file which is gone: `resume` brings it to an end.
 */
import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { DoomedFile } from "../../domain/retention.ts";
import { toIso } from "../../domain/time.ts";
import { type FileToRemove, type Removal, removeInside } from "../../media/remove-file.ts";
import { asError } from "../../resilience/errors.ts";
import { confirmHealthy } from "../root-health.ts";
import type { Site } from "../site.ts";
import { FOLDER_OF, inboxFile, ownFile } from "./own-file.ts";
import type { Slices } from "./slices.ts";
import type { Tally } from "./tally.ts";

export interface FileRemoverOptions {
  readonly site: Site;
  readonly slices: Slices;
  readonly tally: Tally;
  readonly dryRun: boolean;
}

interface Target extends Omit<FileToRemove, "dryRun"> {
  readonly doomed: DoomedFile;
}

interface Outcome {
  readonly target: Target;
  /** Null where the file could not be deleted. */
  readonly removal: Removal | null;
}

/** Node has four threads for files, and others want them too. */
const AT_ONCE = 3;
/** The same bytes may be coming in again at this moment, and nobody could send them twice. */
const INBOX_AGE_MS = 24 * 60 * 60_000;

export class FileRemover {
  readonly #options: FileRemoverOptions;

  constructor(options: FileRemoverOptions) {
    this.#options = options;
  }

  /** What became of each file, as far as it is one that may be deleted. */
  async remove(files: readonly DoomedFile[]): Promise<void> {
    const { site, slices, dryRun } = this.#options;
    const targets = await this.#reachable(files.flatMap((file) => this.#locate(file) ?? []));
    if (targets.length === 0) return;
    await slices.rest();
    // Deleting cannot be taken back: the marks must be on the disk.
    if (!dryRun) {
      site.store.durableTransaction(({ doomed }) => {
        for (const { doomed: file } of targets) doomed.mark(file);
      });
    }
    const outcomes = await this.#each(targets, (target) => this.#removeOne(target));
    await slices.rest();
    await this.#settle(outcomes);
  }

  /** Brings to an end what a process that was killed was at: what it has not deleted is spared, to be judged anew. */
  async resume(): Promise<void> {
    const { site, slices, dryRun } = this.#options;
    if (dryRun) return;
    const marked = site.store.doomed.all();
    const targets = await this.#reachable(marked.flatMap((file) => this.#locate(file) ?? []));
    const outcomes = await this.#each(targets, async (target) => ({ target, removal: await look(target) }));
    const gone = new Set(outcomes.filter(isGone).map(({ target }) => target.doomed));
    const there = new Set(outcomes.map(({ target }) => target.doomed));
    await slices.change(function* ({ doomed }) {
      for (const file of marked) {
        if (gone.has(file)) doomed.settle(file, toIso(site.clock.now()));
        // What lies on a drive that is away stays marked.
        else if (there.has(file) || doomed.pathOf(file) === null) doomed.spare(file);
        yield;
      }
    });
  }

  /** Whether a watched folder is the one that it was. */
  async isThere(root: string): Promise<boolean> {
    const { site, tally } = this.#options;
    try {
      await confirmHealthy(root, site.store);
      return true;
    } catch {
      tally.away.add(root);
      return false;
    }
  }

  /** Whether the version of a file that an upload is can still be found; true also where nobody can tell. */
  async isKnownThere(uploadId: string): Promise<boolean> {
    const target = this.#locate({ kind: "original", id: uploadId });
    return target !== null && !isGone({ target, removal: await look(target) });
  }

  async #reachable(targets: readonly Target[]): Promise<Target[]> {
    const roots = new Set(targets.filter(({ doomed }) => doomed.kind === "original").map(({ root }) => root));
    const away = new Set<string>();
    for (const root of roots) if (!(await this.isThere(root))) away.add(root);
    return targets.filter(({ root }) => !away.has(root));
  }

  #locate(doomed: DoomedFile): Target | null {
    const { site } = this.#options;
    const { kind, id } = doomed;
    if (kind === "original") {
      const file = site.store.retainedUploads.file(id);
      if (!file || file.root === null) return null;
      const { root, path, size, mtimeNs } = file;
      return { doomed, root, path, isMeant: (stats) => Number(stats.size) === size && stats.mtimeNs === mtimeNs };
    }
    const named = site.store.doomed.pathOf(doomed);
    const path = kind === "inbox" ? named && inboxFile(named) : ownFile(kind, id, named);
    if (!path) return null;
    const before = site.clock.now() - INBOX_AGE_MS;
    const isMeant: Target["isMeant"] = (stats) => kind !== "inbox" || Number(stats.mtimeMs) < before;
    return { doomed, root: site.file(), path, isMeant };
  }

  async #removeOne(target: Target): Promise<Outcome> {
    const { dryRun, tally } = this.#options;
    try {
      return { target, removal: await removeInside({ ...target, dryRun }) };
    } catch (error) {
      tally.failed += 1;
      tally.problem ??= asError(error).message;
      return { target, removal: null };
    }
  }

  async #settle(outcomes: readonly Outcome[]): Promise<void> {
    const { site, slices, tally, dryRun } = this.#options;
    for (const { target, removal } of outcomes) {
      if (removal?.what !== "removed") continue;
      const isOriginal = target.doomed.kind === "original";
      tally[isOriginal ? "originals" : "pictures"] += 1;
      tally.freed_bytes += removal.bytes;
      if (!isOriginal) tally.own_bytes += removal.bytes;
    }
    if (dryRun) return;
    // A drive that has gone away meanwhile has not lost its files.
    const targets = outcomes.filter(isGone).map(({ target }) => target);
    const reachable = new Set(await this.#reachable(targets));
    await slices.change(function* ({ doomed }) {
      for (const { target, removal } of outcomes) {
        if (removal?.what === "removed" || reachable.has(target)) doomed.settle(target.doomed, toIso(site.clock.now()));
        else doomed.spare(target.doomed);
        yield;
      }
    });
    for (const folder of daysOf(outcomes)) await rmdir(site.file(folder)).catch(() => {});
  }

  async #each<T>(targets: readonly Target[], work: (target: Target) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (let n = 0; n < targets.length; n += AT_ONCE) {
      results.push(...(await Promise.all(targets.slice(n, n + AT_ONCE).map(work))));
    }
    return results;
  }
}

async function look(target: Target): Promise<Removal | null> {
  return await removeInside({ ...target, dryRun: true }).catch(() => null);
}

/** Of an original, another version in its place means that it is gone; bytes in the inbox are whoever's they are. */
function isGone({ target, removal }: Outcome): boolean {
  return removal?.what === "gone" || (removal?.what === "changed" && target.doomed.kind === "original");
}

/** The folders of a day, in the data folder, that may be empty now. */
function daysOf(outcomes: readonly Outcome[]): Set<string> {
  const removed = outcomes.filter(
    ({ target, removal }) => removal?.what === "removed" && target.doomed.kind in FOLDER_OF,
  );
  return new Set(removed.map(({ target }) => dirname(target.path)));
}
