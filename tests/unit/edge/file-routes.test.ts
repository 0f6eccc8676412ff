import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FileRoutes } from '../../../src/edge/file-routes.ts';
import type { Handler } from '../../../src/handlers/exchange.ts';
import { DEFAULT_FILE_OPTIONS, type FileOptions } from '../../../src/handlers/files/options.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { FakeExchange, get } from '../handlers/fake-exchange.ts';

const NOBODY: Handler = { handle: (exchange) => exchange.refuse(404) };

describe('what routes have found of their files', () => {
  let folder: string;
  let routes: FileRoutes;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    routes = new FileRoutes(() => assert.fail('nothing is wrong'));
    write('one');
  });
  afterEach(() => removeFolder(folder));

  const write = (content: string) => writeFileSync(join(folder, 'a'), content);
  /** What is found is believed for the length of the test. */
  const options = (changes: Partial<FileOptions> = {}): FileOptions => ({
    ...DEFAULT_FILE_OPTIONS,
    prefix: '',
    folder,
    freshMs: 3_600_000,
    ...changes,
  });

  /** A configuration with one such route. */
  function configure(changes: Partial<FileOptions> = {}): Handler {
    routes.begin();
    const handler = routes.handler(options(changes), NOBODY);
    routes.end();
    return handler;
  }

  async function contentBy(handler: Handler): Promise<string> {
    const exchange = new FakeExchange(get('/a'));
    handler.handle(exchange);
    await waitFor(() => exchange.events.length > 0);
    return (exchange.events[0] as string).split(' | ')[1] as string;
  }

  it('is theirs through a reload that leaves them as they are', async () => {
    assert.equal(await contentBy(configure()), 'one');
    write('two');
    assert.equal(await contentBy(configure()), 'one');
  });

  it('is not what a route finds that does something else', async () => {
    assert.equal(await contentBy(configure()), 'one');
    write('two');
    assert.equal(await contentBy(configure({ dotfiles: true })), 'two');
  });

  it('is let go with the last of them', async () => {
    assert.equal(await contentBy(configure()), 'one');
    write('two');
    routes.begin();
    routes.end();
    assert.equal(await contentBy(configure()), 'two');
  });
});
