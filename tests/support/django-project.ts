import { execFileSync } from 'node:child_process';
import { fixture, testPython } from './project.ts';

/** The example project of the tests. Its data lies in a folder of the test's own. */
export const djangoFolder = fixture('frameworks', 'django_site');

export const ADMIN = { username: 'boss', password: 'a password for the tests' };

/** The variables that the project needs. */
export function djangoEnvironment(dataFolder: string): Record<string, string> {
  return { DATA_FOLDER: dataFolder, PYTHONDONTWRITEBYTECODE: '1' };
}

/** Creates the database in the folder, and an administrator. */
export function prepareDjango(dataFolder: string): void {
  const env = {
    ...process.env,
    ...djangoEnvironment(dataFolder),
    DJANGO_SUPERUSER_PASSWORD: ADMIN.password,
  };
  const manage = (...args: string[]) =>
    execFileSync(testPython, ['manage.py', ...args], {
      cwd: djangoFolder,
      env,
      stdio: 'pipe',
      timeout: 120_000,
    });
  manage('migrate', '--verbosity', '0');
  manage('createsuperuser', '--noinput', '--username', ADMIN.username, '--email', 'boss@site.example');
}
