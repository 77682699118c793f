/** Whether a watched folder is the one whose files the store knows: else its drive is away, and nothing in it counts. */
import { mkdir, opendir, realpath, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { folderIdentity } from "../media/folder-identity.ts";
import { errnoOf, openInside, rootError } from "../media/open-file.ts";
import { walkMedia } from "../media/walk.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import type { Store } from "../store/store.ts";
import type { UploadFile } from "../store/uploads.ts";

/** How Linux tells a file system in memory (statfs(2), TMPFS_MAGIC and RAMFS_MAGIC). */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
/** Marks the identity of a root that is a file system in memory of its own. */
const RAMDISK = " ramdisk";

interface RootState {
  readonly identity: string;
  /** Never of a ramdisk: a drive that is away leaves none. */
  readonly empty: boolean;
}

/** Whether an error says that a whole root is away. */
export function isOutage(error: unknown): boolean {
  return error instanceof MediaError && error.code.startsWith("ROOT_");
}

/**
 * Resolves where the folder at `root` is to be believed. A folder with another identity is the same one again if it
 * holds a file that the store knows, or if both are ramdisks: what was in the old one is no more, and all in the new one
 * came since. Where the store knows no file, any folder will do, and a missing one is made.
 * Throws a MediaError, all retryable: `ROOT_MISSING`, `ROOT_UNREADABLE`, `ROOT_EMPTY`, `ROOT_REPLACED`; the signal's
 * reason on abort.
 */
export async function recogniseRoot(root: string, store: Store, signal: AbortSignal): Promise<void> {
  if (!store.roots.holdsFiles(root)) {
    await mkdir(root, { recursive: true }).catch((cause: unknown) => {
      const message = `the folder ${root} cannot be opened or made (${errnoOf(cause)})`;
      throw new MediaError("ROOT_UNREADABLE", message, { retryable: true, cause });
    });
    const { identity } = await stateOf(root);
    if (identity !== store.roots.identity(root)) {
      store.transaction((tables) => tables.roots.replace(root, identity, null));
    }
    return;
  }
  const { identity, empty } = await stateOf(root);
  const known = store.roots.identity(root);
  const wasMadeAnew = known !== identity && isRamdisk(known) && isRamdisk(identity);
  if (empty) throw emptyRoot(root, identity === known);
  if (identity === known) return;
  if (!wasMadeAnew && !(await holdsKnownFile(root, store, signal))) throw replacedRoot(root);
  store.transaction((tables) => tables.roots.recognise(root, identity));
}

/** Whether the root is the folder that `recogniseRoot` last resolved for, full or empty. */
export async function isRecognised(root: string, store: Store): Promise<boolean> {
  const identity = await identityOf(root).catch(() => null);
  return identity !== null && identity === store.roots.identity(root);
}

/**
 * Takes the folder that is there for the root, on a person's word: what it holds by `now` lay there before. Throws as
 * `recogniseRoot` does.
 */
export async function acceptRoot(root: string, store: Store, now: number): Promise<void> {
  const { identity } = await stateOf(root);
  store.transaction((tables) => tables.roots.replace(root, identity, now));
}

/**
 * Whether a file that was not found is gone: its root was to be believed before and after another look for it. Throws a
 * retryable MediaError: `ROOT_AWAY`, or why the file cannot be opened.
 */
export async function isGone({ root, path }: UploadFile, store: Store): Promise<boolean> {
  await confirmHealthy(root, store);
  const found = await openInside(root, path).catch((thrown: unknown) => {
    if (thrown instanceof MediaError && !thrown.retryable) return null;
    throw thrown;
  });
  await found?.file.close();
  await confirmHealthy(root, store);
  return found === null;
}

/** Resolves where a root is the folder that it was; else throws a retryable MediaError `ROOT_AWAY`. */
export async function confirmHealthy(root: string, store: Store): Promise<void> {
  try {
    const { identity, empty } = await stateOf(root);
    const isSame = identity === store.roots.identity(root);
    if (empty && store.roots.holdsFiles(root)) throw emptyRoot(root, isSame);
    if (!isSame) throw replacedRoot(root);
  } catch (thrown) {
    throw awayRoot(root, thrown);
  }
}

async function stateOf(root: string): Promise<RootState> {
  try {
    const identity = await identityOf(root);
    const folder = await opendir(root);
    try {
      const isEmpty = (await folder.read()) === null;
      return { identity, empty: isEmpty && !isRamdisk(identity) };
    } finally {
      await folder.close();
    }
  } catch (thrown) {
    throw rootError(root, thrown);
  }
}

async function identityOf(root: string): Promise<string> {
  const stats = await stat(root, { bigint: true });
  const identity = folderIdentity(stats);
  if (!IN_MEMORY.has((await statfs(root)).type)) return identity;
  const parent = await stat(dirname(await realpath(root)), { bigint: true });
  return parent.dev === stats.dev ? identity : identity + RAMDISK;
}

function isRamdisk(identity: string | null): boolean {
  return identity?.endsWith(RAMDISK) ?? false;
}

async function holdsKnownFile(root: string, store: Store, signal: AbortSignal): Promise<boolean> {
  for await (const files of walkMedia({ root, folder: "", network: true, signal, onProblem: () => {} })) {
    const known = files.some(({ relativePath: path, size, mtimeNs }) =>
      store.uploads.has({ root, path, size, mtimeNs }),
    );
    if (known) return true;
  }
  return false;
}

function emptyRoot(root: string, isSame: boolean): MediaError {
  const remedy = isSame ? "it goes on with the next upload" : `send foscam-watch the command "accept"`;
  return new MediaError(
    "ROOT_EMPTY",
    `the folder ${root} is empty, and should hold files: if its drive is away, mount it; else ${remedy}`,
    { retryable: true },
  );
}

function replacedRoot(root: string): MediaError {
  return new MediaError(
    "ROOT_REPLACED",
    `another folder is at ${root}, with none of the files that were there: mount the right drive, or tell foscam-watch with the command "accept" that this one is right`,
    { retryable: true },
  );
}

function awayRoot(root: string, cause: unknown): MediaError {
  const message = `the folder ${root} is away (${asError(cause).message}); its files wait for it`;
  return new MediaError("ROOT_AWAY", message, { retryable: true, cause });
}
