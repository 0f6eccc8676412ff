import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { withKirin } from '../support/kirin.ts';
import { SyslogServer } from '../support/syslog-server.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const folder = makeTemporaryFolder();
after(() => removeFolder(folder));

/** What differs from run to run. */
const comparable = (message: string) =>
  message.replace(/\[\d+\]/g, '[PID]').replace(/\[\d\d\/\w{3}\/[^\]]*\]/, '[TIME]');

describe('what syslog gets', { skip: gunicornIsMissing }, () => {
  const cases: [string, (name: string) => Promise<SyslogServer>, readonly string[]][] = [
    ['over UDP', () => SyslogServer.udp(), []],
    [
      'over UDP, with a prefix and a facility',
      () => SyslogServer.udp(),
      ['--log-syslog-prefix', 'my:shop', '--log-syslog-facility', 'local7'],
    ],
    ['over UDP, with a name', () => SyslogServer.udp(), ['--name', 'a:b']],
    [
      'over a unix socket for datagrams',
      (name) => SyslogServer.unixDatagrams(join(folder, name)),
      ['--access-logformat', '%(m)s %(U)s "%(a)s" %(s)s'],
    ],
  ];
  for (const [number, [where, make, args]] of cases.entries()) {
    it(`${where} is what Gunicorn sends`, async () => {
      const request = async (url: string) => {
        const response = await fetch(`${url}/some/page?q=1`, { headers: { 'User-Agent': 'a "quoted" one' } });
        await response.text();
      };
      const linesOf = async (server: SyslogServer): Promise<string[]> => {
        const access = await server.next(/\.access: /);
        const error = await server.next(/\.error: .*Booting worker/);
        await server.close();
        return [comparable(access), comparable(error)];
      };
      const theirs = await make(`gunicorn-${number}`);
      const options = (address: string) => ['--log-syslog', '--log-syslog-to', address, ...args];
      const gunicorn = await Gunicorn.start([...options(theirs.address), 'dangerous:app']);
      await request(gunicorn.url).finally(() => gunicorn.stop());
      const expected = await linesOf(theirs);

      const ours = await make(`kirin-${number}`);
      await withKirin({ app: 'dangerous:app', args: options(ours.address) }, async (kirin) => {
        await request(kirin.url);
        const actual = await linesOf(ours);
        const withoutPid = (line: string) => line.replace(/with pid: \d+/, 'with pid: PID');
        assert.deepEqual(actual.map(withoutPid), expected.map(withoutPid));
      });
    });
  }
});
