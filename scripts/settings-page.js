// Writes docs/reference/settings.md from the settings table. Run it after `npm run build:tests`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { settingsPage } from '../.build/src/config/settings-page.js';

const page = new URL('../docs/reference/settings.md', import.meta.url);
mkdirSync(new URL('.', page), { recursive: true });
writeFileSync(page, settingsPage());
