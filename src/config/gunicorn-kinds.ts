// Kinds of settings that are Gunicorn's, and that mean nothing, or not everything, here.

import { flag } from './kinds.ts';
import { type FileValue, type Kind, PythonObject, ValueProblem } from './setting.ts';

const WORKER_CLASSES: ReadonlyMap<string, 'sync' | 'gthread'> = new Map([
  ['sync', 'sync'],
  ['gthread', 'gthread'],
  ['egg:gunicorn#sync', 'sync'],
  ['egg:gunicorn#gthread', 'gthread'],
  ['gunicorn.workers.sync.SyncWorker', 'sync'],
  ['gunicorn.workers.gthread.ThreadWorker', 'gthread'],
]);

/** A few names for the one kind of worker; others are refused, each with what to use instead. */
export const workerClass: Kind<'sync' | 'gthread'> = {
  metavar: 'NAME',
  parse: (text) => knownWorkerClass(text.trim()),
  fromFile: (value) => (value instanceof PythonObject ? knownWorkerClass(value.name) : undefined),
  show: (name) => name,
};

function knownWorkerClass(name: string): 'sync' | 'gthread' {
  const known = WORKER_CLASSES.get(name);
  if (known !== undefined) return known;
  throw new ValueProblem(whyNotWorkerClass(name), 'meaning');
}

function whyNotWorkerClass(name: string): string {
  if (/asgi|uvicorn/i.test(name)) {
    return 'ASGI is not supported yet; it is coming. For a WSGI application leave the worker class out';
  }
  if (/gevent/i.test(name)) {
    return 'greenlets are not supported yet; many threads do the same for most applications: --threads 100';
  }
  if (/eventlet/i.test(name)) {
    return 'eventlet is not supported (Gunicorn 26 has removed it, too); use threads, such as --threads 100';
  }
  if (/tornado/i.test(name)) {
    return "Tornado is not supported; run its applications with Tornado's own server, and WSGI ones with --threads";
  }
  return "Kirin's workers are its own, and take no class; leave it out, and give --threads for more requests at once";
}

/** Any text; of a Python class or function, its dotted name. */
export const objectName: Kind<string> = {
  metavar: 'NAME',
  parse: (text) => text.trim(),
  fromFile: (value) => (value instanceof PythonObject ? value.name : undefined),
  show: (name) => name,
};

/** Any texts; may be given several times. */
export const texts: Kind<readonly string[]> = {
  metavar: 'STRING',
  parse: (text) => [text.trim()],
  show: (list) => list,
  combine: (earlier, later) => [...earlier, ...later],
};

/** A Python dict. It has no form on the command line. */
export const dictionary: Kind<object> = {
  metavar: 'JSON',
  schema: { type: 'object' },
  parse(text) {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) throw new ValueProblem('not a dict');
    return value;
  },
  fromFile(value: Exclude<FileValue, string>) {
    if (value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw new ValueProblem('not a dict');
    return value;
  },
  show: (value) => JSON.stringify(value),
};

/** A switch that, when it is given, means no. */
export const switchOff: Kind<boolean | null> = { ...flag, parse: () => false };
