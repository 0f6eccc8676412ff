// Writes what the configurations in tests/fixtures/nginx become. Look at the difference before it is committed. Needs `npm run build:tests`.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { becomes } from '../.build/tests/unit/migrate/nginx/migrated.js';

const folder = new URL('../tests/fixtures/nginx/', import.meta.url);

for (const name of readdirSync(folder).filter((each) => each.endsWith('.conf'))) {
  const { text, report } = becomes(readFileSync(new URL(name, folder), 'utf8'));
  writeFileSync(new URL(name.replace('.conf', '.toml'), folder), text);
  writeFileSync(new URL(name.replace('.conf', '.report'), folder), report);
}
