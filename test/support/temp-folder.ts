/** Folders for one test each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/** A new empty folder; `removeTempFolders` in an `after` hook takes it away. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vigil-test-"));
  folders.push(folder);
  return folder;
}

export function removeTempFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
