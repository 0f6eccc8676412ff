// RFC 9110 7.6.1: fields that are about one connection, and not passed on.

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Meant for everybody, whatever Connection says: naming them there would take from an upstream what it goes by. */
const END_TO_END: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'forwarded',
  'host',
  'location',
  'set-cookie',
  'x-real-ip',
]);

export interface Fields {
  /** In lower case. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** What is to be left out. Mostly the same set: nothing is named. */
export function hopByHopOf({ names, values }: Fields): ReadonlySet<string> {
  let all = HOP_BY_HOP;
  for (let index = 0; index < names.length; index += 1) {
    if (names[index] !== 'connection') continue;
    for (const option of (values[index] as string).toLowerCase().split(',')) {
      const name = option.trim();
      if (all.has(name) || END_TO_END.has(name) || name.startsWith('x-forwarded-')) continue;
      if (name === '' || name === 'close') continue;
      all = new Set([...all, name]);
    }
  }
  return all;
}
