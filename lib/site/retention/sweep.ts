/** One pass over all that a site keeps: what the rules say may go goes, each record with all that hangs on it. */
import type { BatchFacts, DoomedFile, InspectionFacts } from "../../domain/retention.ts";
import { toIso, toMillis } from "../../domain/time.ts";
import {
  type BatchPlan,
  isAnyPast,
  planBatch,
  planInspection,
  planUpload,
  type Rules,
} from "../../ops/retention/policy.ts";
import type { UploadHead } from "../../store/retained-uploads.ts";
import { KnownIdentities } from "../known-identities.ts";
import type { Site } from "../site.ts";
import type { Tables } from "../stage.ts";
import type { FileRemover } from "./file-remover.ts";
import { inboxFile, ownFile } from "./own-file.ts";
import type { Slices } from "./slices.ts";
import type { Tally } from "./tally.ts";

export interface SweepOptions {
  readonly site: Site;
  readonly rules: Rules;
  /** By which ages are told, in milliseconds since 1970. */
  readonly now: number;
  readonly dryRun: boolean;
  readonly slices: Slices;
  readonly files: FileRemover;
  readonly tally: Tally;
  /** Something has been deleted. */
  onProgress(): void;
}

/** Records whose files are marked in one commit. */
const GROUP = 15;
/** So many are forgotten at a time. */
const STRANGERS = 10;

export class Sweep {
  readonly #options: SweepOptions;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#batches();
    await this.#inspections();
    await this.#uploads();
    await this.#rest();
  }

  async #batches(): Promise<void> {
    const { site, rules, now, slices } = this.#options;
    const { retainedBatches } = site.store;
    let group: BatchFacts[] = [];
    for (let row = 0, heads = retainedBatches.after(row); heads.length > 0; heads = retainedBatches.after(row)) {
      for (const head of heads) {
        row = head.row;
        if (!isAnyPast(head, head.opened_ms, rules, now)) continue;
        const facts = retainedBatches.facts(head.batch_id);
        if (facts && !isNothing(planBatch(facts, rules, now))) group.push(facts);
        if (group.length >= GROUP) {
          await this.#removeBatches(group);
          group = [];
        }
        if (slices.isSpent) await slices.rest();
      }
      await slices.rest();
    }
    await this.#removeBatches(group);
  }

  async #removeBatches(batches: readonly BatchFacts[]): Promise<void> {
    const { rules, now, slices, files, dryRun, onProgress } = this.#options;
    if (batches.length === 0) return;
    await files.remove(batches.flatMap((batch) => filesOf(batch, planBatch(batch, rules, now))));
    if (dryRun) {
      for (const batch of batches) this.#countBatch(batch, planBatch(batch, rules, now));
    } else {
      const ids = batches.map(({ batch_id }) => batch_id);
      await slices.change((tables) => this.#batchSteps(tables, ids));
    }
    onProgress();
  }

  /** Looks at each once more: somebody may want to keep it by now, and a file may have withstood. */
  *#batchSteps(tables: Tables, batchIds: readonly string[]): Generator<void> {
    const { rules, now, tally } = this.#options;
    const { retainedBatches } = tables;
    for (const batchId of batchIds) {
      const batch = retainedBatches.facts(batchId);
      if (!batch) continue;
      const plan = planBatch(batch, rules, now);
      const going = new Set(plan.events);
      const stuck = batch.events.filter((event) => ownFile("picture", event.event_id, event.picture_path) !== null);
      for (const { event_id } of stuck) going.delete(event_id);
      for (const eventId of going) {
        retainedBatches.removeEvent(eventId);
        tally.events += 1;
        yield;
      }
      const alone = batch.members.filter(({ shared }) => !shared);
      if (!plan.whole || going.size < batch.events.length || alone.some(hasFile)) continue;
      for (const { inspection_id } of alone) yield* this.#detectionSteps(tables, inspection_id);
      // Other transactions may have come between.
      const still = retainedBatches.facts(batchId);
      if (!still || still.events.length > 0 || !planBatch(still, rules, now).whole) continue;
      tally.inspections += retainedBatches.removeBatch(batchId);
      tally.batches += 1;
      yield;
    }
  }

  *#detectionSteps({ retainedBatches }: Tables, inspectionId: string): Generator<void> {
    for (let removed = 1; removed > 0; ) {
      removed = retainedBatches.removeDetections(inspectionId);
      this.#options.tally.detections += removed;
      if (removed > 0) yield;
    }
  }

  #countBatch({ members }: BatchFacts, { events, whole }: BatchPlan): void {
    const { tally, site } = this.#options;
    tally.events += events.length;
    if (!whole) return;
    tally.batches += 1;
    for (const { inspection_id, shared } of members) {
      if (shared) continue;
      tally.inspections += 1;
      tally.detections += site.store.retainedBatches.countDetections(inspection_id);
    }
  }

  /** Those that are in no batch: nothing was seen in them, or the wiring leads to no batch. */
  async #inspections(): Promise<void> {
    const { site, rules, now, slices } = this.#options;
    const { retainedBatches } = site.store;
    const next = (row: number) => retainedBatches.inspectionsAfter(row);
    for (let heads = next(0); heads.length > 0; heads = next(heads.at(-1)?.row ?? 0)) {
      const due = heads.filter((head) => !head.member && planInspection(head, rules, now).stills);
      if (due.length > 0) await this.#removeInspections(due);
      await slices.rest();
    }
  }

  async #removeInspections(due: readonly InspectionFacts[]): Promise<void> {
    const { site, rules, now, slices, files, tally, dryRun, onProgress } = this.#options;
    await files.remove(due.flatMap(stillsOf));
    const whole = due.filter((inspection) => planInspection(inspection, rules, now).whole);
    if (dryRun) {
      tally.inspections += whole.length;
      for (const { inspection_id } of whole)
        tally.detections += site.store.retainedBatches.countDetections(inspection_id);
      return;
    }
    const detectionSteps = (tables: Tables, id: string) => this.#detectionSteps(tables, id);
    await slices.change(function* (tables) {
      for (const { inspection_id: id } of whole) {
        const file = ["still", "thumbnail"] as const;
        if (!tables.retainedBatches.isLoose(id)) continue;
        if (file.some((kind) => ownFile(kind, id, tables.doomed.pathOf({ kind, id })) !== null)) continue;
        yield* detectionSteps(tables, id);
        if (tables.retainedBatches.removeInspection(id)) tally.inspections += 1;
        yield;
      }
    });
    onProgress();
  }

  /** Originals, and rows of the ledger whose file cannot come back. */
  async #uploads(): Promise<void> {
    const { site, rules, now, slices } = this.#options;
    const next = (row: number) => site.store.retainedUploads.before(row);
    for (let heads = next(Number.MAX_SAFE_INTEGER); heads.length > 0; heads = next(heads.at(-1)?.row ?? 0)) {
      const due = heads.filter((head) => isAnyPast(head, toMillis(head.received_at), rules, now));
      for (let n = 0; n < due.length; n += GROUP) await this.#removeUploads(due.slice(n, n + GROUP));
      await slices.rest();
    }
  }

  async #removeUploads(heads: readonly UploadHead[]): Promise<void> {
    const { site, slices, files, tally, dryRun, onProgress } = this.#options;
    await this.#removeSharers(heads);
    const planned = heads.flatMap((head) => {
      const plan = this.#planUpload(head.upload_id);
      return plan ? [{ ...head, ...plan }] : [];
    });
    const doomed = planned.flatMap(({ upload_id: id, original, entry, root, path }): DoomedFile[] => {
      if (original) return [{ kind: "original", id }];
      const isOwn = root === null && entry && inboxFile(path) !== null;
      return isOwn && site.store.retainedUploads.countSharers(path) === 1 ? [{ kind: "inbox", id }] : [];
    });
    await files.remove(doomed);
    await slices.rest();
    const ended = await this.#withoutFile(planned.filter(({ entry }) => entry));
    if (dryRun) {
      tally.uploads += ended.length;
      return;
    }
    const isEnded = (id: string) => this.#planUpload(id)?.entry ?? false;
    await slices.change(function* ({ retainedUploads }) {
      for (const { upload_id, path, root } of ended) {
        const isLast = root === null && inboxFile(path) !== null && retainedUploads.countSharers(path) === 1;
        const keepsFile = isLast && retainedUploads.facts(upload_id)?.removed_at === null;
        if (keepsFile || !isEnded(upload_id)) continue;
        if (retainedUploads.remove(upload_id)) tally.uploads += 1;
        yield;
      }
    });
    onProgress();
  }

  /** Of several uploads that have their bytes in one file, the last takes the file with it. */
  async #removeSharers(heads: readonly UploadHead[]): Promise<void> {
    const { slices, tally, dryRun } = this.#options;
    const inbox = heads.filter(({ root, path }) => root === null && inboxFile(path) !== null);
    if (dryRun || inbox.length === 0) return;
    const isEnded = (id: string) => this.#planUpload(id)?.entry ?? false;
    await slices.change(function* ({ retainedUploads }) {
      for (const { upload_id, path } of inbox) {
        const isShared = retainedUploads.countSharers(path) > 1;
        if (isShared && isEnded(upload_id) && retainedUploads.remove(upload_id)) tally.uploads += 1;
        yield;
      }
    });
  }

  #planUpload(uploadId: string) {
    const { site, rules, now } = this.#options;
    const facts = site.store.retainedUploads.facts(uploadId);
    return facts && { ...planUpload(facts, rules, now), removed: facts.removed_at !== null };
  }

  /** Those whose files a scan cannot find again. A row whose file is there stays: else that would be taken for a new one. */
  async #withoutFile<T extends UploadHead & { removed: boolean; original: boolean }>(
    planned: readonly T[],
  ): Promise<T[]> {
    const { files, dryRun } = this.#options;
    const roots = new Map<string, Promise<boolean>>();
    const ended: T[] = [];
    for (const upload of planned) {
      const { root, removed, original, upload_id } = upload;
      const isGone = async (folder: string) => {
        if (!roots.has(folder)) roots.set(folder, files.isThere(folder));
        return (await roots.get(folder)) === true && !(await files.isKnownThere(upload_id)) && files.isThere(folder);
      };
      if (root === null || removed || (dryRun && original) || (await isGone(root))) ended.push(upload);
    }
    return ended;
  }

  /** What belongs to no batch: what was refused or given up, strangers' looks, and what graphics cards have told. */
  async #rest(): Promise<void> {
    const { rules, now, slices, tally, dryRun, site } = this.#options;
    const { detections, events, gpu } = rules.limits;
    if (dryRun) return;
    if (events !== null) {
      const known = KnownIdentities.of(site);
      await slices.change(function* (tables) {
        for (let last: string | undefined = ""; last !== undefined; yield) {
          const strangers = tables.identities.strangers(last, toIso(now - events), STRANGERS);
          for (const identityId of strangers) known.forget(tables, identityId);
          tally.strangers += strangers.length;
          last = strangers.at(-1);
        }
      });
    }
    if (detections !== null) await slices.change(({ openSubjects }) => openSubjects.forget(now - detections));
    if (gpu === null) return;
    await slices.change(function* ({ gpuReadings }) {
      for (let removed = 1; removed > 0; tally.gpu_readings += removed) {
        removed = gpuReadings.forget(toIso(now - gpu));
        yield;
      }
    });
  }
}

function isNothing({ events, pictures, stills, whole }: BatchPlan): boolean {
  return !whole && events.length + pictures.length + stills.length === 0;
}

function filesOf({ members }: BatchFacts, { pictures, stills }: BatchPlan): DoomedFile[] {
  const going = new Set(stills);
  return [
    ...pictures.map((id): DoomedFile => ({ kind: "picture", id })),
    ...members.filter(({ inspection_id }) => going.has(inspection_id)).flatMap(stillsOf),
  ];
}

function stillsOf({ inspection_id: id }: InspectionFacts): DoomedFile[] {
  return [
    { kind: "still", id },
    { kind: "thumbnail", id },
  ];
}

function hasFile({ inspection_id: id, still_path, thumbnail_path }: InspectionFacts): boolean {
  return ownFile("still", id, still_path) !== null || ownFile("thumbnail", id, thumbnail_path) !== null;
}
