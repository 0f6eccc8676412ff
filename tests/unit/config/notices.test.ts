import assert from 'node:assert/strict';
import { it } from 'node:test';
import { siteFileNotices } from '../../../src/config/notices.ts';
import { readKirinToml } from '../../../src/config/toml/kirin-toml.ts';
import { machine } from './fake-machine.ts';

const SITES = `
[[sites]]
access_log = "logs/a.log"

[[sites.routes]]
path = "/static"
files = "static"

[[sites.routes]]
path = "/admin"
basic_auth = { file = "htpasswd" }
files = "there"
access_log = false
sendfile_from = ["there", "media"]
`;

it('files and folders of sites that are not there are told', () => {
  const read = readKirinToml({
    source: SITES,
    name: 'kirin.toml',
    folder: '/srv',
    hasCommandApp: false,
  });
  assert.ok(!('fault' in read));
  const notices = siteFileNotices(read.front.sites, machine({ folders: ['/srv/there', '/srv/logs'] }));
  assert.deepEqual(
    notices.map(({ message }) => message),
    [
      'files: there is no /srv/static yet; requests for it are answered as for a file that is missing',
      'sendfile_from: there is no /srv/media yet; nothing is sent of it',
      'basic_auth: there is no /srv/htpasswd yet; nobody is let in',
    ],
  );
});
