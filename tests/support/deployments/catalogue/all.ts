import { configuration } from './configuration.ts';
import { daemons } from './daemons.ts';
import { django } from './django.ts';
import { flask } from './flask.ts';
import { frameworks } from './frameworks.ts';
import { http } from './http.ts';
import { life } from './life.ts';
import { parts } from './parts.ts';
import { platforms } from './platforms.ts';
import { proxies } from './proxies.ts';

export const CATALOGUE = [
  ...http,
  ...django,
  ...flask,
  ...frameworks,
  ...platforms,
  ...daemons,
  ...life,
  ...parts,
  ...proxies,
  ...configuration,
];
