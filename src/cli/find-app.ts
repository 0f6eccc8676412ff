// Finds a WSGI application the way a person would: by the names of files that frameworks and their guides use, and by what is
// defined at the left margin in them. Nothing is imported or run.

export interface FolderReader {
  /** Names of the files and folders in it. */
  readonly list: () => readonly string[];
  /** A file's text, by its path within the folder, or null. */
  readonly read: (path: string) => string | null;
}

export interface FoundApp {
  readonly file: string;
  /** For a sentence: `a Flask application`. */
  readonly what: string;
  /** APP_MODULE */
  readonly spec: string;
}

const FILES = ['wsgi.py', 'app.py', 'main.py', 'application.py', 'hello.py'] as const;

export function findApp(folder: FolderReader): FoundApp | null {
  return (
    findDjango(folder) ??
    findAmong(FILES, folder) ??
    findAmong(packagedFiles(folder), folder) ??
    findAmong(otherFiles(folder), folder)
  );
}

/** manage.py names the settings' module; the project that startproject makes has its wsgi.py beside the settings. */
function findDjango(folder: FolderReader): FoundApp | null {
  const manage = folder.read('manage.py');
  const settings = manage === null ? null : /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(manage);
  if (settings === null) return null;
  // mysite.settings and config.settings.production: the package nearest to the settings that has a wsgi.py.
  const names = (settings[1] as string).split('.');
  for (let depth = names.length - 1; depth >= 1; depth--) {
    const parents = names.slice(0, depth);
    const file = `${parents.join('/')}/wsgi.py`;
    if (folder.read(file) !== null)
      return { file, what: 'a Django application', spec: `${parents.join('.')}.wsgi` };
  }
  return null;
}

function packagedFiles(folder: FolderReader): string[] {
  const packages = folder
    .list()
    .filter((name) => /^[A-Za-z_]\w*$/.test(name))
    .sort();
  return packages.flatMap((name) => [`${name}/wsgi.py`, `${name}/__init__.py`]);
}

/** Called after the shop, say. */
function otherFiles(folder: FolderReader): string[] {
  return folder
    .list()
    .filter((name) => /^[A-Za-z_]\w*\.py$/.test(name) && !/^(test_.*|conftest|setup)\.py$/.test(name))
    .sort();
}

function findAmong(files: readonly string[], folder: FolderReader): FoundApp | null {
  for (const file of files) {
    const source = folder.read(file);
    const found = source === null ? null : findInSource(source);
    if (found === null) continue;
    const module = file.replace(/\/__init__\.py$|\.py$/, '').replaceAll('/', '.');
    const spec = found.object === 'application' ? module : `${module}:${found.object}`;
    return { file, what: found.what, spec };
  }
  return null;
}

const FRAMEWORKS: readonly (readonly [name: string, maker: RegExp])[] = [
  ['Flask', /(?:flask\.)?Flask\(/],
  ['Django', /get_wsgi_application\(/],
  ['Falcon', /falcon\.(?:App|API)\(/],
  ['Bottle', /(?:bottle\.)?(?:Bottle|default_app)\(/],
  ['Pyramid', /\w+\.make_wsgi_app\(/],
];

const DEFINED = /^(?:def\s+)?(application|app)\s*(?:\(|(?::[^=\n]+)?=[^=])/m;
// `from shop import app`, `from shop import server as application`
const IMPORTED = /^from\s+[\w.]+\s+import\s+(?:.*[\s,])?(application|app)\s*(?:,|#|$)/m;
// ASGI frameworks use the same names, and are not WSGI.
const ASGI = /^async\s+def\s+app|=\s*(?:\w+\.)?(?:FastAPI|Starlette|Quart|Sanic|Litestar)\(/m;

function findInSource(source: string): { object: string; what: string } | null {
  for (const [framework, maker] of FRAMEWORKS) {
    const made = new RegExp(`^(\\w+)(?:\\s*:[^=\\n]+)?\\s*=\\s*${maker.source}`, 'm').exec(source);
    if (made !== null) return { object: made[1] as string, what: `a ${framework} application` };
  }
  const named = DEFINED.exec(source) ?? IMPORTED.exec(source);
  if (named !== null && !ASGI.test(source)) return { object: named[1] as string, what: `'${named[1]}'` };
  const factory = /^def\s+(create_app|make_app)\s*\(/m.exec(source);
  return factory === null ? null : { object: `${factory[1]}()`, what: `the factory ${factory[1]}` };
}
