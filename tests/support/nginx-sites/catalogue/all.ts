import { ANSWERS } from './answers.ts';
import { AROUND } from './around.ts';
import { FILE_SITES } from './files.ts';
import { OLDER_GUIDES } from './older-guides.ts';
import { PROXIES } from './proxies.ts';

export const CATALOGUE = [...ANSWERS, ...FILE_SITES, ...PROXIES, ...AROUND, ...OLDER_GUIDES];
