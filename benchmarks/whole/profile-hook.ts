// Preloaded by NODE_OPTIONS into each of Kirin's Node processes when --profile is given: Node refuses --cpu-prof there.
// Writes a CPU profile to the folder BENCH_PROFILE when the process exits.

import { writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { join } from 'node:path';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');

process.on('exit', () => {
  // Within one thread the inspector answers before `post` returns.
  session.post('Profiler.stop', (_error: Error | null, { profile }: Profiler.StopReturnType) => {
    const role = process.title.replaceAll(/[^a-z]+/g, '-');
    writeFileSync(
      join(process.env.BENCH_PROFILE ?? '.', `${role}-${process.pid}.cpuprofile`),
      JSON.stringify(profile),
    );
  });
});
