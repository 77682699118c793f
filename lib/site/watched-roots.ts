/** Which folders a site's watchers have: two that overlap would take every file twice. */
import { relative } from "node:path";
import { ConfigError } from "../resilience/errors.ts";

export class WatchedRoots {
  readonly #claims = new Map<object, Set<string>>();

  /** The names of all folders that are watched. */
  get names(): string[] {
    return [...this.#claims.values()].flatMap((roots) => [...roots]);
  }

  /**
   * Claims an absolute folder for a watch, which may have several names of one folder. Throws a ConfigError
   * `ROOTS_OVERLAP`.
   */
  claim(owner: object, root: string): void {
    const own = this.#claims.get(owner) ?? new Set<string>();
    for (const other of this.names) {
      if (own.has(other)) continue;
      if (contains(other, root) || contains(root, other)) {
        throw new ConfigError(
          "ROOTS_OVERLAP",
          `${root} and ${other} overlap, and each file in both would be taken twice: watch one of them, or use two sites`,
        );
      }
    }
    this.#claims.set(owner, own.add(root));
  }

  /** Gives back all that a watch has claimed. */
  release(owner: object): void {
    this.#claims.delete(owner);
  }
}

function contains(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return path === "" || !(path === ".." || path.startsWith("../") || path.startsWith("..\\"));
}
