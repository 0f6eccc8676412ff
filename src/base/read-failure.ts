/** Why a file cannot be read, in words. */
export function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return `user ${process.getuid?.()}, who has started kirin, may not`;
    case 'EISDIR':
      return 'it is a folder; give the file';
    default:
      return message;
  }
}
