/** File events of a folder, from chokidar. */
import { join, relative, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";
import { asError, MediaError } from "../resilience/errors.ts";
import { mediaTypeOf } from "./media-type.ts";
import { errnoOf } from "./open-file.ts";

export interface FolderEventsOptions {
  readonly root: string;
  /** Compare all files every `pollIntervalMs` instead of asking the system: for network drives. */
  readonly polling: boolean;
  readonly pollIntervalMs: number;
  /** A file came or changed. Its path is below the root and has `/` between its parts, like that of a folder. */
  onFile(relativePath: string): void;
  /** A folder came; files that it brought, or that came right after it, may have no event of their own. */
  onFolder(relativePath: string): void;
  /** Events may be missing from now on. */
  onError(error: MediaError): void;
}

export interface FolderEvents {
  /** Resolves when changes will be seen in all folders that were there at the start. */
  readonly ready: Promise<void>;
  /**
   * Watches a folder that chokidar has missed, and says whether it had: it reads a folder first and watches it then,
   * and never sees a folder that is made between the two.
   */
  watchMissed(relativePath: string): boolean;
  close(): Promise<void>;
}

/** Starts watching; what lies there already is not reported. */
export function watchFolder(options: FolderEventsOptions): FolderEvents {
  const { root, pollIntervalMs } = options;
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    atomic: false,
    ignorePermissionErrors: true,
    usePolling: options.polling,
    interval: pollIntervalMs,
    binaryInterval: pollIntervalMs,
    // Each watched file costs one of the system's watches.
    ignored: (path, stats) => stats?.isFile() === true && mediaTypeOf(path) === null,
  });
  const relativePath = (path: string) => relative(root, path).split(sep).join("/");
  const onFile = (path: string) => options.onFile(relativePath(path));
  watcher.on("add", onFile).on("change", onFile);
  const watched = new Set<string>();
  watcher.on("addDir", (path) => {
    watched.add(relativePath(path));
    options.onFolder(relativePath(path));
  });
  watcher.on("unlinkDir", (path) => watched.delete(relativePath(path)));
  watcher.on("error", (thrown) => options.onError(watchError(root, thrown)));
  return {
    ready: new Promise((resolve) => {
      watcher.once("ready", () => {
        for (const path of Object.keys(watcher.getWatched())) watched.add(relativePath(path));
        resolve();
      });
    }),
    watchMissed: (folder) => {
      if (watched.has(folder)) return false;
      watched.add(folder);
      watcher.add(join(root, folder));
      return true;
    },
    close: () => closeWatcher(watcher),
  };
}

/** chokidar drops its listeners on closing, and an error that nobody listens for would stop the process. */
function closeWatcher(watcher: FSWatcher): Promise<void> {
  const closed = watcher.close();
  watcher.on("error", () => {});
  return closed;
}

function watchError(root: string, thrown: unknown): MediaError {
  const errno = errnoOf(thrown);
  const remedy = errno === "ENOSPC" ? ": raise fs.inotify.max_user_watches, or turn polling on" : "";
  return new MediaError("WATCH_FAILED", `file events of ${root} are incomplete (${errno})${remedy}`, {
    retryable: true,
    cause: asError(thrown),
  });
}
