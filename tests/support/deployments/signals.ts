import { statSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait-for.ts';
import type { Step } from './deployment.ts';
import { openFiles } from './process-state.ts';
import { ask } from './requests.ts';
import type { Site } from './site.ts';

/** Sends the signal, waits until the old workers are gone and as many new ones serve, and asks the page. */
export function reload(workers: number, change: (site: Site) => void = () => {}, page = 'GET /'): Step {
  return {
    what: `HUP, and then ${page}`,
    act: async (site) => {
      const old = site.workerPids();
      change(site);
      site.signal('SIGHUP');
      await site.waitForWorkers(workers, old);
      return ask(page).act(site);
    },
  };
}

/** TTIN and TTOU: waits until there are so many workers. */
export function scale(signal: 'SIGTTIN' | 'SIGTTOU', workers: number): Step {
  return {
    what: `${signal} to ${workers}`,
    act: async (site) => {
      site.signal(signal);
      await site.waitForWorkers(workers);
      return { workers: String(site.workerPids().length) };
    },
  };
}

/** Renames log files as logrotate does, sends USR1, waits until nobody has the old ones, and asks the page. */
export function rotate(files: readonly string[], page: string): Step {
  return {
    what: `USR1 after ${files.join(' and ')} were renamed`,
    act: async (site) => {
      for (const file of files) site.rename(file, `${file}.1`);
      site.signal('SIGUSR1');
      const hasOld = (pid: number) => openFiles(pid).some((path) => path.endsWith('.1'));
      await waitFor(() => files.every((file) => site.has(file)) && !site.pids().some(hasOld), {
        what: 'new log files in all processes',
        details: () => site.report(),
      });
      await ask(page).act(site);
      return { files: files.filter((file) => site.has(`${file}.1`)).join(' ') };
    },
  };
}

/** Kills a worker as the system does when there is no memory, and waits for another. */
export function killWorker(signal: NodeJS.Signals, workers: number): Step {
  return {
    what: `${signal} to a worker`,
    act: async (site) => {
      const [first = 0] = site.workerPids();
      process.kill(first, signal);
      await site.waitForWorkers(workers, [first]);
      return { 'worker replaced': String(first !== 0) };
    },
  };
}

/** HUP for what cannot work: waits until the server has ended, or says that it goes on. */
export function reloadBroken(change: (site: Site) => void): Step {
  return {
    what: 'HUP for what is broken',
    act: async (site) => {
      change(site);
      site.signal('SIGHUP');
      await waitFor(() => site.hasEnded || /Not reloaded/.test(site.errorLog()), {
        timeoutMs: 45_000,
        what: 'the outcome of a reload',
        details: () => site.report(),
      });
      return { 'goes on serving': String(!site.hasEnded) };
    },
  };
}

/** Sends the request after which the worker is to be replaced, and waits for that. */
export function recycle(line: string): Step {
  return {
    what: `${line}, which is a worker's last`,
    act: async (site) => {
      const old = site.workerPids();
      const facts = await ask(line).act(site);
      await site.waitForWorkers(old.length, old);
      return facts;
    },
  };
}

/** A request that ends with its worker. */
export function askUntilAborted(line: string): Step {
  return {
    what: `${line}, until it is ended`,
    act: async (site) => {
      const old = site.workerPids();
      const { status = 'none' } = await ask(line).act(site);
      await site.waitForWorkers(old.length, old);
      return { status };
    },
  };
}

/** USR2, and when the new master serves TERM to the old one. */
export function upgrade(workers: number): Step {
  return {
    what: 'USR2, and TERM to the old master',
    act: async (site) => {
      const { masterPid: old, deployment } = site;
      const pidFile = deployment.pidFile ?? '';
      site.signal('SIGUSR2');
      const isBeside = () => site.has(`${pidFile}.2`) && site.read(`${pidFile}.2`).endsWith('\n');
      await waitFor(isBeside, { timeoutMs: 45_000, what: 'a new master', details: () => site.report() });
      await site.waitForMaster(Number(site.read(`${pidFile}.2`)), workers);
      const { status = 'none' } = await ask('GET /').act(site);
      process.kill(old, 'SIGTERM');
      const isAlone = () => !site.has(`${pidFile}.2`) && site.masterPid !== old && site.masterPid !== 0;
      await waitFor(isAlone, {
        timeoutMs: 45_000,
        what: 'the new master alone',
        details: () => site.report(),
      });
      return { 'status from both': status };
    },
  };
}

/** WINCH to a daemon: waits until it has no workers. */
export function standBy(): Step {
  return {
    what: 'WINCH to a daemon',
    act: async (site) => {
      site.signal('SIGWINCH');
      await waitFor(() => site.workerPids().length === 0, {
        what: 'no workers',
        details: () => site.report(),
      });
      return { workers: '0' };
    },
  };
}

/** Who may use the files. */
export function modes(files: readonly string[]): Step {
  return {
    what: 'modes of files',
    act: async (site) =>
      Object.fromEntries(
        files.map((file) => [file, (statSync(join(site.folder, file)).mode & 0o7777).toString(8)]),
      ),
  };
}

/** Writes the file, and asks until the answer is another. */
export function edit(file: string, text: string): Step {
  return {
    what: `another ${file}`,
    act: async (site) => {
      const { body: old } = await ask('GET /').act(site);
      site.write(file, text);
      const answer = async () => {
        const { body } = await ask('GET /').act(site);
        return body !== undefined && body !== old && body;
      };
      const options = { timeoutMs: 45_000, what: 'another answer', details: () => site.report() };
      return { body: await waitFor(answer, options) };
    },
  };
}

/** TERM while the page is being made, which says `begins` in the log. */
export function stopDuring(line: string): Step {
  return {
    what: `${line}, and TERM meanwhile`,
    act: async (site) => {
      const answer = ask(line).act(site);
      await waitFor(() => /^begins$/m.test(site.errorLog()), {
        what: 'the beginning of the request',
        details: () => site.report(),
      });
      site.signal('SIGTERM');
      return answer;
    },
  };
}
