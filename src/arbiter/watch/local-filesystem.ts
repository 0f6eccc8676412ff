import { statfs } from 'node:fs/promises';

/**
 * Filesystems on which the kernel tells of every change, by the numbers in linux/magic.h. On others (NFS, SMB, 9p, FUSE, what containers
 * on a desktop share with it) it tells of those alone that were made on this machine, or of none.
 */
const LOCAL_FILESYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xca451a4e, // bcachefs
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs: the root of most containers
  0x61756673, // aufs
  0xf15f, // eCryptfs
  0x73717368, // SquashFS
  0xe0f5e1e2, // EROFS
  0x7366746e, // NTFS
  0x2011bab0, // exFAT
  0x4d44, // FAT
]);

export const isLocalFilesystem = (type: number): boolean => LOCAL_FILESYSTEMS.has(type);

/** Whether notifications suffice for this folder. */
export async function tellsEveryChange(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  try {
    return isLocalFilesystem((await statfs(folder)).type);
  } catch {
    return true; // it is not there
  }
}
