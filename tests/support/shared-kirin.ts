import { after, afterEach, before } from 'node:test';
import { type KirinOptions, type KirinProcess, startKirin } from './kirin.ts';

/**
 * One kirin for all tests of the enclosing `describe`: started before the first, stopped after the last. When a test fails, what was
 * logged while it ran is printed.
 */
export function useKirin(options: KirinOptions | (() => KirinOptions)): () => KirinProcess {
  let kirin: KirinProcess | undefined;
  let loggedBefore = 0;

  before(async () => {
    kirin = await startKirin(typeof options === 'function' ? options() : options);
  });
  afterEach((context) => {
    const log = kirin?.log() ?? '';
    // Node 20 has this field; its type declarations do not.
    const { passed } = context as { readonly passed?: boolean };
    if (!passed) console.error(`--- log of kirin ---\n${log.slice(loggedBefore)}`);
    loggedBefore = log.length;
  });
  after(async () => {
    await kirin?.stop();
  });

  return () => {
    if (!kirin) throw new Error('kirin is not running yet');
    return kirin;
  };
}
