import { groupFolders, type ReadText, readText } from './control-group.ts';
import type { MemorySupply } from './scaling.ts';

/** Memory that is left to this process: of the machine, or of the control group that has the least. null where nothing is known. */
export async function measureMemorySupply(read: ReadText = readText): Promise<MemorySupply | null> {
  const membership = (await read('/proc/self/cgroup')) ?? '';
  const { v2, v1 } = groupFolders(membership, 'memory');
  const supplies = [await ofMachine(read)];
  for (const folder of v2) supplies.push(await ofGroup(read, folder, V2));
  for (const folder of v1) supplies.push(await ofGroup(read, folder, V1));
  const known = supplies.filter((supply) => supply !== null);
  if (known.length === 0) return null;
  const least = known.reduce((a, b) => (b.availableBytes < a.availableBytes ? b : a));
  return { ...least, pressure: Math.max(...known.map(({ pressure }) => pressure)) };
}

async function ofMachine(read: ReadText): Promise<MemorySupply | null> {
  const text = (await read('/proc/meminfo')) ?? '';
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  const total = /^MemTotal:\s+(\d+) kB$/m.exec(text);
  if (available === null || total === null) return null;
  return {
    availableBytes: Number(available[1]) * 1024,
    grantedBytes: Number(total[1]) * 1024,
    pressure: parsePressure(await read('/proc/pressure/memory')),
  };
}

interface GroupFiles {
  readonly limit: string;
  readonly usage: string;
  /** What `memory.stat` calls the cached files that can be dropped at once. */
  readonly droppable: RegExp;
}

const V2: GroupFiles = { limit: 'memory.max', usage: 'memory.current', droppable: /^inactive_file (\d+)$/m };
const V1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  droppable: /^total_inactive_file (\d+)$/m,
};
/** cgroup v1 writes "no limit" as the largest number of pages. */
const NO_LIMIT_BYTES = 2 ** 60;

async function ofGroup(read: ReadText, folder: string, files: GroupFiles): Promise<MemorySupply | null> {
  const limit = Number.parseInt((await read(folder + files.limit)) ?? '', 10);
  // `max` is none.
  if (!(limit > 0 && limit < NO_LIMIT_BYTES)) return null;
  const usage = Number.parseInt((await read(folder + files.usage)) ?? '', 10);
  if (Number.isNaN(usage)) return null;
  const droppable = Number(files.droppable.exec((await read(`${folder}memory.stat`)) ?? '')?.[1] ?? 0);
  return {
    availableBytes: Math.max(0, limit - (usage - droppable)),
    grantedBytes: limit,
    pressure: parsePressure(await read(`${folder}memory.pressure`)),
  };
}

/** `some avg10` of a PSI file; 0 when there is none. */
function parsePressure(text: string | null): number {
  return Number(/^some avg10=(\d+(?:\.\d+)?)/m.exec(text ?? '')?.[1] ?? 0);
}
