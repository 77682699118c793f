/** Which file systems a store cannot be kept on. */

/**
 * SQLite's write-ahead log needs memory that all who use the database share, which ends at the machine's border.
 * Numbers of linux/magic.h; Lustre's is its own (`LL_SUPER_MAGIC`).
 *
 * Two are left out on purpose, because they carry local drives as well: FUSE (mergerfs, NTFS drives, the folders that
 * Docker Desktop lends a container) and 9p (the folders of the host in a virtual machine). Where such a one has no
 * shared memory, SQLite itself fails when the store is opened.
 */
const NETWORK_TYPES: ReadonlySet<bigint> = new Set([
  0x6969n, // NFS
  0x517bn, // SMB 1, by smbfs
  0xff534d42n, // SMB 1, by cifs
  0xfe534d42n, // SMB 2 and 3
  0x5346414fn, // AFS, by OpenAFS
  0x6b414653n, // AFS, by kAFS
  0x73757245n, // Coda
  0x564cn, // NetWare
  0x00c36400n, // Ceph
  0x0bd00bd0n, // Lustre
]);

/** Whether a file system of this type, as `statfs` gives it, is on another machine. */
export function isNetworkFileSystem(type: bigint): boolean {
  // On a 32-bit machine the number is signed.
  return NETWORK_TYPES.has(BigInt.asUintN(32, type));
}
