// Kinds of settings that are Gunicorn's, and that mean nothing, or not everything, here.

import { flag } from './kinds.ts';
import { type FileValue, type Kind, PythonObject, ValueProblem } from './setting.ts';

export type WorkerClass = 'sync' | 'gthread' | 'gevent';

const WORKER_CLASSES: ReadonlyMap<string, WorkerClass> = new Map([
  ['sync', 'sync'],
  ['gthread', 'gthread'],
  ['gevent', 'gevent'],
  ['gevent_wsgi', 'gevent'],
  ['gevent_pywsgi', 'gevent'],
  ['gunicorn.workers.sync.SyncWorker', 'sync'],
  ['gunicorn.workers.gthread.ThreadWorker', 'gthread'],
  ['gunicorn.workers.ggevent.GeventWorker', 'gevent'],
  ['gunicorn.workers.ggevent.GeventPyWSGIWorker', 'gevent'],
]);

/** By Gunicorn's names; others are refused, each with what to use instead. */
export const workerClass: Kind<WorkerClass> = {
  metavar: 'NAME',
  parse: (text) => knownWorkerClass(text.trim()),
  fromFile: (value) => (value instanceof PythonObject ? knownWorkerClass(value.name) : undefined),
  show: (name) => name,
};

function knownWorkerClass(name: string): WorkerClass {
  const known = WORKER_CLASSES.get(name.replace(/^egg:gunicorn#/, ''));
  if (known !== undefined) return known;
  throw new ValueProblem(whyNotWorkerClass(name), 'meaning');
}

function whyNotWorkerClass(name: string): string {
  if (/asgi|uvicorn|hypercorn|daphne/i.test(name)) {
    return "ASGI is not supported yet; it is coming. Meanwhile run the application with its own server, such as uvicorn; one that also has a WSGI entry, as Django's have in wsgi.py, runs here with that and without a worker class";
  }
  if (/eventlet/i.test(name)) {
    return 'eventlet is not supported (Gunicorn 26 has removed it, too, and eventlet itself is being retired); use gevent, which is alike, or threads, such as --threads 100';
  }
  if (/tornado/i.test(name)) {
    return "Tornado is not supported; run its applications with Tornado's own server, and WSGI ones with --threads";
  }
  if (/meinheld|gaiohttp|aiohttp/i.test(name)) {
    return 'there are no such workers; leave the class out for a WSGI application, with --threads for more requests at once, and run others with their own server';
  }
  if (/gevent/i.test(name)) {
    return 'a worker class of your own cannot be used; gevent itself can, and patches before the application is loaded: -k gevent';
  }
  return "Kirin's workers are its own, and take no class; leave it out, and give --threads for more requests at once, or -k gevent";
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
