/** Telling a full disk from other faults, whoever met it. */

/**
 * Of the system: the disk is full, or the user's share of it is. Of SQLite: it cannot write; it has no room for the
 * index of its log.
 */
const CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"]);

export function isDiskFull(thrown: unknown): boolean {
  return CODES.has(codeOf(thrown));
}

/** The code that the system or SQLite gives an error (`EROFS`, `SQLITE_FULL`); empty where it has none. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}
