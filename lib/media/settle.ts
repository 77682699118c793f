/** Waiting for one file to be whole. */
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Frame } from "../domain/detection.ts";
import type { Clock } from "../resilience/clock.ts";
import { MediaError } from "../resilience/errors.ts";
import { isComplete } from "./completeness.ts";
import { FORMAT_HEAD_BYTES } from "./format.ts";
import { mediaTypeOf } from "./media-type.ts";
import { Nudge } from "./nudge.ts";
import { type OpenFile, openInside } from "./open-file.ts";
import { readAt } from "./read-at.ts";
import { checkSize, hashFile, MOST_BYTES, readPicture } from "./read-file.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";
import { validatePicture, validateVideoHeader } from "./validate.ts";

/** File events are no proof of anything: they overflow and get swallowed. So a file is looked at again by itself. */
const FIRST_RECHECK_MS = 20;
const LONGEST_RECHECK_MS = 1_000;

/** A file that is whole, or that stopped changing and was judged as it lies. */
export type SettledFile = FileSighting & {
  /** Absolute. */
  readonly path: string;
} & (
    | {
        readonly problem: null;
        /** Of exactly the bytes that were judged. */
        readonly sha256: string;
      }
    /** Why the file is rejected. */
    | { readonly problem: MediaError }
  );

export interface SettleOptions {
  readonly root: string;
  readonly relativePath: string;
  /** How long a file that is not provably whole must stay unchanged before it is judged as it lies. */
  readonly stableMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Runs the decoding of a picture, which may take the process down. A MediaError that it throws rejects the file. */
  decode(work: () => Promise<Frame>): Promise<Frame>;
  /** Rung by a file event for this path: the file is looked at at once, and often again. */
  readonly nudge?: Nudge;
  /** Runs one look at the file when it is its turn. */
  readonly turn?: (look: () => Promise<Look>) => Promise<Look>;
}

/**
 * Resolves once the file is whole: at the first look when its own bytes prove it, else when its size and mtime have
 * stayed the same for `stableMs` (then a picture is decoded and a clip's header checked, and `problem` has the reason
 * if that failed). A file that grows is waited for without an end. Null where there is nothing to take: the file
 * vanished, is no regular file inside the root, or has no media extension.
 *
 * Rejects with the signal's reason on abort, and with a MediaError `UNREADABLE_FILE`, `ROOT_MISSING` or
 * `ROOT_UNREADABLE` where trying again later may help.
 */
export async function settleFile(options: SettleOptions): Promise<SettledFile | null> {
  const { clock, signal, stableMs, nudge = new Nudge(), turn = (look) => look() } = options;
  const wake = () => nudge.ring();
  signal.addEventListener("abort", wake);
  let state: string | null = null;
  let stable = false;
  let cancelStable = () => {};
  let recheckMs = FIRST_RECHECK_MS;
  try {
    for (;;) {
      signal.throwIfAborted();
      const look = await turn(() => lookAt(options, stable ? state : null));
      if (look.done) return look.file;
      if (look.state !== state) {
        state = look.state;
        stable = false;
        cancelStable();
        cancelStable = clock.after(stableMs, () => {
          stable = true;
          nudge.ring();
        });
      }
      const nudged = await nudge.wait(recheckMs, clock);
      recheckMs = nudged ? FIRST_RECHECK_MS : Math.min(recheckMs * 2, LONGEST_RECHECK_MS);
    }
  } finally {
    cancelStable();
    signal.removeEventListener("abort", wake);
  }
}

/** What one look at a file brought: it has come to its end, or is to be looked at again. */
export type Look =
  | { readonly done: true; readonly file: SettledFile | null }
  | { readonly done: false; readonly state: string };

const NOTHING: Look = { done: true, file: null };

/** Looks at the file once. When it is still in `stableState`, it is judged whether or not its bytes prove it whole. */
async function lookAt(options: SettleOptions, stableState: string | null): Promise<Look> {
  const { root, relativePath, signal } = options;
  const mediaType = mediaTypeOf(relativePath);
  if (mediaType === null) return NOTHING;
  const open = await openUpload(root, relativePath);
  if (open === null) return NOTHING;
  const { file, stats } = open;
  try {
    const state = stateOf(stats);
    const sighting = sightingOf(relativePath, mediaType, stats);
    const judged = state === stableState;
    if (!judged && !(await isWhole(file, sighting))) return { done: false, state };
    const problem = judged ? await problemOf(open, sighting, options) : null;
    const found = problem === null ? { problem, sha256: await hashFile(open, signal) } : { problem };
    const stateAfter = stateOf(await file.stat({ bigint: true }));
    if (stateAfter !== state) return { done: false, state: stateAfter };
    return { done: true, file: { ...sighting, path: join(root, relativePath), ...found } };
  } finally {
    await file.close();
  }
}

/** Changes whenever the file does, also when another one takes its place. */
function stateOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}

/** Null where there is no such file to take, or not any more. */
async function openUpload(root: string, relativePath: string): Promise<OpenFile | null> {
  try {
    return await openInside(root, relativePath);
  } catch (thrown) {
    if (thrown instanceof MediaError && !thrown.retryable) return null;
    throw thrown;
  }
}

/** Whether the file's bytes prove it. One that is too large is not read for that, but refused once it has settled. */
async function isWhole(file: FileHandle, { mediaType, size, relativePath }: FileSighting): Promise<boolean> {
  return size <= MOST_BYTES[mediaType] && isComplete(file, size, relativePath);
}

/** What is wrong with the file as it lies; null when it can be used. */
async function problemOf(
  open: OpenFile,
  { mediaType, size, relativePath }: FileSighting,
  { decode }: SettleOptions,
): Promise<MediaError | null> {
  try {
    checkSize(mediaType, size);
    if (mediaType === "video") validateVideoHeader(await readAt(open.file, 0, FORMAT_HEAD_BYTES), relativePath);
    else {
      const picture = await readPicture(open);
      await decode(() => validatePicture(picture));
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof MediaError) return thrown;
    throw thrown;
  }
}
