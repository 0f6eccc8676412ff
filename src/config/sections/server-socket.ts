import { type BindAddress, bindAddresses, parseBindAddress } from '../bind-address.ts';
import { integer } from '../kinds.ts';
import { setting } from '../setting.ts';

export const serverSocket = {
  bind: setting<readonly BindAddress[]>({
    flags: ['-b', '--bind'],
    kind: bindAddresses,
    default: [parseBindAddress('127.0.0.1:8000')],
    // What hosting platforms set: they expect the server to be reachable from outside.
    environment: { variable: 'PORT', toValue: (port) => `0.0.0.0:${port}` },
    help: 'Address to listen on; repeatable',
    detail:
      'HOST:PORT, :PORT (every IPv4 address), HOST (port 8000), [IPV6]:PORT, unix:PATH or fd://N (an inherited, bound descriptor); several are separated by commas. Port 0 is any free one. `http://` or `https://` in front says what is spoken there, and makes the default port 80 or 443; without it that is HTTPS where there is a certificate, else HTTP.',
    common: true,
  }),
  backlog: setting<number>({
    flags: ['--backlog'],
    kind: integer({ min: 1, max: 2_147_483_647, example: 2048 }),
    default: 2048,
    help: 'Connections that may wait to be accepted',
    detail: 'The kernel caps it at net.core.somaxconn.',
  }),
};
