import type { KirinProcess } from './kirin.ts';

/** Of the addresses with these schemes that the log tells; 0: there is none. */
export function listeningPorts(kirin: KirinProcess): { readonly http: number; readonly https: number } {
  const [, urls = ''] = /Listening at: (\S+)/.exec(kirin.log()) ?? [];
  const portOf = (scheme: string): number => {
    const url = urls.split(',').find((each) => each.startsWith(`${scheme}://`));
    return Number(url?.split(':').at(-1) ?? 0);
  };
  return { http: portOf('http'), https: portOf('https') };
}
