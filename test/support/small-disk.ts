/** Disks of a few megabytes, to be filled or made read-only. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { tempFolder } from "./temp-folder.ts";

const mounted: string[] = [];

/** A new, empty disk; `removeSmallDisks` takes it away. Skips the test where nothing may be mounted. */
export function smallDisk(context: Context, megabytes: number): string {
  const folder = tempFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "vigil-test", folder], { stdio: "pipe" });
  } catch {
    context.skip();
  }
  mounted.push(folder);
  return folder;
}

export function makeReadOnly(disk: string): void {
  execFileSync("mount", ["-o", "remount,ro", disk]);
}

/** Takes all room that a disk has left; the answer gives it back. */
export function fillDisk(disk: string): () => void {
  const filler = join(disk, "filler");
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(bytes, 1), { flag: "a" });
    } catch {
      // A smaller piece may still fit.
    }
  }
  return () => rmSync(filler, { force: true });
}

/** What has files open on them must be closed by now. */
export function removeSmallDisks(): void {
  for (const folder of mounted.splice(0)) execFileSync("umount", [folder]);
}
