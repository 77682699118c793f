/** Whether a watched folder is the one whose files the store knows: else its drive is away, and nothing in it counts. */
import { mkdir, opendir, stat } from "node:fs/promises";
import { folderIdentity } from "../media/folder-identity.ts";
import { openInside, rootError } from "../media/open-file.ts";
import { walkMedia } from "../media/walk.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import type { Store } from "../store/store.ts";
import type { UploadFile } from "../store/uploads.ts";

interface RootState {
  readonly identity: string;
  readonly empty: boolean;
}

/** Whether an error says that a whole root is away. */
export function isOutage(error: unknown): boolean {
  return error instanceof MediaError && error.code.startsWith("ROOT_");
}

/**
 * Resolves where the folder at `root` is to be believed. A folder with another identity is the same one again if it
 * holds a file that the store knows; where the store knows none, any folder will do, and a missing one is made.
 * Throws a MediaError, all retryable: `ROOT_MISSING`, `ROOT_UNREADABLE`, `ROOT_EMPTY`, `ROOT_REPLACED`; the signal's
 * reason on abort.
 */
export async function recogniseRoot(root: string, store: Store, signal: AbortSignal): Promise<void> {
  if (!store.roots.holdsFiles(root)) {
    await mkdir(root, { recursive: true }).catch((thrown: unknown) => {
      throw rootError(root, thrown);
    });
    const { identity } = await stateOf(root);
    if (identity !== store.roots.identity(root)) replaceRoot(root, store, identity);
    return;
  }
  const { identity, empty } = await stateOf(root);
  if (empty) throw emptyRoot(root);
  if (identity === store.roots.identity(root)) return;
  if (!(await holdsKnownFile(root, store, signal))) throw replacedRoot(root);
  store.transaction((tables) => tables.roots.recognise(root, identity));
}

/** Takes the folder that is there for the root, on a person's word. Throws as `recogniseRoot` does. */
export async function acceptRoot(root: string, store: Store): Promise<void> {
  replaceRoot(root, store, (await stateOf(root)).identity);
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
  await found?.close();
  await confirmHealthy(root, store);
  return found === null;
}

/** Resolves where a root is the folder that it was; else throws a retryable MediaError `ROOT_AWAY`. */
export async function confirmHealthy(root: string, store: Store): Promise<void> {
  try {
    const { identity, empty } = await stateOf(root);
    if (empty) throw emptyRoot(root);
    if (identity !== store.roots.identity(root)) throw replacedRoot(root);
  } catch (thrown) {
    throw awayRoot(root, thrown);
  }
}

function replaceRoot(root: string, store: Store, identity: string): void {
  store.transaction((tables) => tables.roots.replace(root, identity));
}

async function stateOf(root: string): Promise<RootState> {
  try {
    const identity = folderIdentity(await stat(root, { bigint: true }));
    const folder = await opendir(root);
    try {
      return { identity, empty: (await folder.read()) === null };
    } finally {
      await folder.close();
    }
  } catch (thrown) {
    throw rootError(root, thrown);
  }
}

async function holdsKnownFile(root: string, store: Store, signal: AbortSignal): Promise<boolean> {
  for await (const files of walkMedia({ root, folder: "", signal, onProblem: () => {} })) {
    const known = files.some(({ relativePath: path, size, mtimeNs }) =>
      store.uploads.has({ root, path, size, mtimeNs }),
    );
    if (known) return true;
  }
  return false;
}

function emptyRoot(root: string): MediaError {
  return new MediaError(
    "ROOT_EMPTY",
    `the folder ${root} is empty, and should hold files: if its drive is away, mount it; else it goes on with the next upload`,
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
