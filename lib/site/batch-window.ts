/** What `batch-window` does: gathers what one camera saw in one stretch of time, in batches that the store keeps. */
import type { Batch, CloseReason } from "../domain/batch.ts";
import { Detected } from "../domain/detection.ts";
import { deriveId } from "../domain/ids.ts";
import { isWanted } from "../domain/labels.ts";
import type { FlowMessage } from "../domain/message.ts";
import { toIso, toMillis } from "../domain/time.ts";
import { asError } from "../resilience/errors.ts";
import type { Lane, OpenBatch } from "../store/batches.ts";
import { fromJournal } from "../store/journal.ts";
import { airHeir } from "./heirs.ts";
import { isLive } from "./live.ts";
import type { Site } from "./site.ts";
import type { InstantStage, Output, Tables } from "./stage.ts";
import { takeIn } from "./take-in.ts";

export interface BatchLimits {
  /** Longest stretch of capture time in one batch. */
  readonly windowMs: number;
  /** A batch closes when nothing has come for this long; 0 closes it with its first inspection. */
  readonly idleMs: number;
  readonly maxDetections: number;
  /** A detection with one of these labels, or of these groups, at this confidence or above, closes its batch at once. */
  readonly fastLabels: readonly string[];
  readonly fastConfidence: number;
}

export interface BatchWindowOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly limits: BatchLimits;
  /** Stores in a transaction, then sends. */
  act(base: FlowMessage, work: (tables: Tables) => readonly Output[]): void;
  /** The message of an open batch as it would be written down. */
  journal(message: FlowMessage): string;
  /** Hears of a store that could not close a batch when it was time; it is tried again. */
  report(error: Error): void;
}

const BATCH_PORT = 0;

const RETRY_MS = 5_000;

export class BatchWindow {
  readonly #options: BatchWindowOptions;
  readonly #timers = new Map<string, () => void>();
  #closed = false;

  constructor(options: BatchWindowOptions) {
    this.#options = options;
  }

  get stage(): InstantStage<Detected> {
    return {
      input: Detected,
      describe: (detected) => ({
        subject: { kind: "detected", id: detected.inspection_id },
        cameraId: detected.upload.camera_id,
        priority: 0,
      }),
      settle: (detected, message, tables) => this.#add(detected, message, tables),
      prepare: (detected) => {
        const take = takeIn(detected, this.#options.site);
        if (take === null) return null;
        return async () => {
          const own = await take();
          return (_detected, message, tables) => this.#add(own, message, tables);
        };
      },
    };
  }

  /** Batches that are open now. */
  get openCount(): number {
    return this.#timers.size;
  }

  /** Arms the timers of batches from before a restart or of a deleted node. They wait an idle period at least, for what is sent again. */
  start(): void {
    const { site, nodeId, limits } = this.#options;
    for (const batch of site.store.batches.allOpen(nodeId)) {
      const remaining = batch.due_ms - site.clock.now();
      this.#arm(batch, Math.min(Math.max(remaining, limits.idleMs), limits.windowMs));
    }
  }

  /** Closes all open batches now; the answer is how many. */
  flush(): number {
    const { site, nodeId } = this.#options;
    const open = site.store.batches.allOpen(nodeId);
    for (const batch of open) this.#closeNow(batch, "flush");
    return open.length;
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #add(detected: Detected, message: FlowMessage, tables: Tables): readonly Output[] {
    const { site, nodeId, limits } = this.#options;
    const now = site.clock.now();
    if (!tables.inspections.has(detected.inspection_id) && !this.#adopt(detected, tables, now)) return [];
    if (detected.detections.length === 0 || tables.batches.isMember(nodeId, detected.inspection_id)) return [];

    const outputs: Output[] = [];
    const capturedAt = detected.upload.captured_at;
    const lane: Lane = isLive(capturedAt, now) ? "live" : "backlog";
    let open = tables.batches.openOf(nodeId, detected.upload.camera_id, lane);
    const misfit = open && reasonToClose(open, toMillis(capturedAt), limits);
    if (open && misfit) {
      outputs.push(...this.#close(open, misfit, tables, fromJournal(open.msg)));
      open = undefined;
    }

    const openedMs = open?.opened_ms ?? now;
    const batch: OpenBatch = {
      batch_id: open?.batch_id ?? deriveId("batch", nodeId, detected.inspection_id),
      node_id: nodeId,
      camera_id: detected.upload.camera_id,
      lane,
      started_at: earlier(open?.started_at, capturedAt),
      ended_at: later(open?.ended_at, capturedAt),
      detection_count: (open?.detection_count ?? 0) + detected.detections.length,
      opened_ms: openedMs,
      due_ms: Math.min(openedMs + limits.windowMs, now + limits.idleMs),
      msg: this.#options.journal({ ...message, payload: undefined }),
    };
    tables.batches.join(batch, detected);

    const reason = this.#reasonToCloseAtOnce(batch, detected);
    if (reason) outputs.push(...this.#close(batch, reason, tables));
    else tables.afterCommit(() => this.#arm(batch, batch.due_ms - now));
    return outputs;
  }

  /** Enters an inspection from elsewhere; false where nobody was to look at the upload. */
  #adopt(detected: Detected, tables: Tables, now: number): boolean {
    const { site } = this.#options;
    const { upload, detections } = detected;
    tables.uploads.adopt(upload);
    if (!site.settings.ofCamera(upload.camera_id).detection) {
      tables.uploads.end(upload.upload_id, "skipped");
      airHeir(tables, site, upload.upload_id);
      return false;
    }
    tables.uploads.reopen(upload.upload_id);
    const added = tables.inspections.adopt(detected, toIso(now));
    if (added && detections.length > 0) tables.afterCommit(() => site.bus.emit("detected", detected));
    return true;
  }

  #reasonToCloseAtOnce(batch: OpenBatch, detected: Detected): CloseReason | null {
    const { limits } = this.#options;
    const urgent = detected.detections.some(
      ({ label, confidence }) => confidence >= limits.fastConfidence && isWanted(label, limits.fastLabels),
    );
    if (urgent) return "fast_path";
    if (batch.detection_count >= limits.maxDetections) return "size";
    return limits.idleMs === 0 ? "idle" : null;
  }

  #arm(batch: OpenBatch, delayMs: number): void {
    // What joins while the node closes is the next instance's to close.
    if (this.#closed) return;
    this.#timers.get(batch.batch_id)?.();
    const reason: CloseReason = batch.due_ms >= batch.opened_ms + this.#options.limits.windowMs ? "window" : "idle";
    const close = () => {
      try {
        this.#closeNow(batch, reason);
      } catch (error) {
        this.#options.report(asError(error));
        this.#timers.set(batch.batch_id, this.#options.site.clock.after(RETRY_MS, close));
      }
    };
    this.#timers.set(batch.batch_id, this.#options.site.clock.after(delayMs, close));
  }

  #closeNow(batch: OpenBatch, reason: CloseReason): void {
    this.#options.act(fromJournal(batch.msg), (tables) => this.#close(batch, reason, tables));
  }

  /** `base`: the message whose properties the batch's message carries on, where that is not the one being worked on. */
  #close(batch: OpenBatch, reason: CloseReason, tables: Tables, base?: FlowMessage): readonly Output[] {
    const closed = tables.batches.close(batch.batch_id, reason);
    tables.afterCommit(() => {
      this.#timers.get(batch.batch_id)?.();
      this.#timers.delete(batch.batch_id);
    });
    return closed ? [outputOf(closed, base)] : [];
  }
}

function outputOf(batch: Batch, base: FlowMessage | undefined): Output {
  return {
    port: BATCH_PORT,
    topic: batch.camera_id,
    payload: batch,
    subject: { kind: "batch", id: batch.batch_id },
    ...(base && { base }),
  };
}

/** Why a picture captured at this time belongs to another batch than the open one; null where it fits. */
function reasonToClose(open: OpenBatch, capturedMs: number, limits: BatchLimits): CloseReason | null {
  const startedMs = toMillis(open.started_at);
  const endedMs = toMillis(open.ended_at);
  const span = Math.max(endedMs, capturedMs) - Math.min(startedMs, capturedMs);
  if (span > limits.windowMs) return "window";
  const gap = Math.max(capturedMs - endedMs, startedMs - capturedMs);
  return gap > limits.idleMs ? "idle" : null;
}

function earlier(one: string | undefined, other: string): string {
  return one !== undefined && one < other ? one : other;
}

function later(one: string | undefined, other: string): string {
  return one !== undefined && one > other ? one : other;
}
