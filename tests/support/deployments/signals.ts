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
      const pids = await site.waitForWorkers(workers);
      return { workers: String(pids.length) };
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
