/** Which folders a site's watchers have: two that overlap would take every file twice. */
import { relative } from "node:path";
import { ConfigError } from "../resilience/errors.ts";

export class WatchedRoots {
  readonly #roots = new Set<string>();

  /** Claims an absolute folder; the answer gives it back. Throws a ConfigError `ROOTS_OVERLAP`. */
  claim(root: string): () => void {
    for (const other of this.#roots) {
      if (contains(other, root) || contains(root, other)) {
        throw new ConfigError(
          "ROOTS_OVERLAP",
          `${root} and ${other} overlap, and each file in both would be taken twice: watch one of them, or use two sites`,
        );
      }
    }
    this.#roots.add(root);
    return () => this.#roots.delete(root);
  }
}

function contains(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return path === "" || !(path === ".." || path.startsWith("../") || path.startsWith("..\\"));
}
