import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { checkAccess } from '../arbiter/account-access.ts';
import type { AppPlan } from '../arbiter/app-plan.ts';
import { launchAs } from '../arbiter/launch.ts';
import { type Owner, planFrom } from '../arbiter/plan.ts';
import { checkCertificates, checkSchemes } from '../arbiter/tls.ts';
import { KirinError } from '../base/errors.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { wantsColour } from '../observe/colour.ts';
import { DEFAULT_APP } from '../protocol/supervision/front.ts';
import type { BootSpec } from '../protocol/supervision/zygote.ts';
import { thisMachine } from './machine.ts';
import { whatWasSet } from './print-config.ts';
import type { Program } from './program.ts';

const ZYGOTE_SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/__main__.py', import.meta.url));
const STDERR_FD = 2;

/**
 * Loads every application as a worker would, in the user's interpreter and as the user of the workers. Tracebacks go to the
 * terminal. Returns the exit code: 0 or 1.
 */
export async function checkApp(
  config: ResolvedConfig,
  { program, isQuiet }: { program: Program; isQuiet: boolean },
): Promise<number> {
  const certificates = await checkCertificates(config);
  const schemeNotices = checkSchemes(config.settings.bind, certificates);
  for (const { message } of [...(certificates?.notices ?? []), ...schemeNotices])
    process.stderr.write(`${program}: ${message}\n`);
  const plan = planFrom(
    config,
    {
      env: process.env,
      owner: { uid: thisMachine.uid, gid: thisMachine.gid },
      hasColour: wantsColour(STDERR_FD, process.env),
      leakingFds: [],
    },
    certificates,
  );
  checkAccess(plan, process.execPath, [ZYGOTE_SCRIPT]);
  let failures = 0;
  for (const app of plan.apps) if ((await load(app, plan.owner, program)) !== 0) failures += 1;
  if (failures > 0) return 1;
  if (!isQuiet) for (const line of whatWasFound(config)) process.stderr.write(`kirin: ${line}\n`);
  return 0;
}

function whatWasFound({ settings, sources, apps }: ResolvedConfig): string[] {
  return [
    ...whatWasSet(settings, sources),
    ...apps.flatMap(({ name, settings: own, sources: from }) =>
      whatWasSet(own, from, sources).map((line) => `${name}: ${line}`),
    ),
    ...apps.map(({ name, app, python: { path, reason } }) => {
      const called = name === DEFAULT_APP ? '' : `${name}: `;
      return `${called}${app} loads in ${path} (${reason})`;
    }),
  ];
}

async function load(
  { boot, python, env }: AppPlan,
  owner: Owner | null,
  program: Program,
): Promise<number | null> {
  const spec: BootSpec = {
    type: 'boot',
    generation: 0,
    lanePath: '',
    runDir: '',
    ...boot,
    hooks: null,
    errorLog: '-',
    captureOutput: false,
  };
  const words = [ZYGOTE_SCRIPT, 'check', JSON.stringify(spec), program];
  const { command, args, account } = launchAs(owner, python.path, words);
  const child = spawn(command, args, { stdio: 'inherit', env, ...account });
  return exitCode(child, python.path);
}

async function exitCode(child: ReturnType<typeof spawn>, python: string): Promise<number | null> {
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  } catch (error) {
    throw new KirinError('python-unusable', `${python} cannot be started: ${(error as Error).message}`);
  }
}
