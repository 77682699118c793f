/** What tells a folder from another one that is put in its place. */
import type { BigIntStats } from "node:fs";

/**
 * Its device, its inode and when it was made: a file system may give a removed folder's inode to the next. It may also
 * change for the same folder, where a drive is mounted again.
 */
export function folderIdentity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${birthtimeNs}`;
}
