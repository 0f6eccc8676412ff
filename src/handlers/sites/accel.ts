import { resolve, sep } from 'node:path';
import { fieldOf, ResponseHead } from '../../protocol/http1/response-head.ts';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import type { FileHandler } from '../files/handler.ts';
import { DEFAULT_FILE_OPTIONS, type FileOptions } from '../files/options.ts';
import { encodeName } from '../files/request-path.ts';
import { cleanedPath } from '../path-template.ts';
import { TakeoverFilter } from '../takeover-filter.ts';
import { AccelExchange, keptEdit, SendfileExchange } from './accel-exchange.ts';
import { comparablePath } from './comparable-path.ts';
import { compileSender, type SiteRoutes, sendOn } from './inside.ts';
import { BODY_FIELDS, headAsGet, headWithPath } from './inside-exchange.ts';

interface AccelParts {
  readonly newFileHandler: (options: FileOptions, fallback: Handler) => FileHandler;
}

/** Folders of which an application may have files sent, and what sends them. */
interface SendfileFolder {
  /** Absolute, with a slash at its end. */
  readonly folder: string;
  readonly files: Handler;
}

const MISSING: Handler = { handle: (exchange) => exchange.refuse(404) };

/** Lets who answers have something else answer: X-Accel-Redirect a route of the site, X-Sendfile a file. */
export function accel(
  { action, sendfileFrom }: RouteSpec,
  next: Handler,
  { newFileHandler }: AccelParts,
  routes: SiteRoutes,
): Handler {
  if (action.do !== 'app' && action.do !== 'proxy') return next;
  if (!routes.hasInside && sendfileFrom.length === 0) return next;
  const folders = sendfileFrom.map((folder) => ({
    folder: folder.endsWith(sep) ? folder : folder + sep,
    files: newFileHandler(sendfileOptions(folder), MISSING),
  }));
  return { handle: (exchange) => next.handle(new AccelFilter(exchange, routes, folders)) };
}

function sendfileOptions(folder: string): FileOptions {
  return {
    ...DEFAULT_FILE_OPTIONS,
    prefix: '',
    folder,
    mapping: 'root',
    indexNames: [],
    precompressed: [],
    // The application has said that it is to be sent.
    dotfiles: true,
  };
}

class AccelFilter extends TakeoverFilter {
  readonly #routes: SiteRoutes;
  readonly #folders: readonly SendfileFolder[];

  constructor(outer: Exchange, routes: SiteRoutes, folders: readonly SendfileFolder[]) {
    super(outer);
    this.#routes = routes;
    this.#folders = folders;
  }

  protected override insteadOf(text: string): (() => void) | null {
    const target = this.#routes.hasInside ? fieldOf(text, 'x-accel-redirect') : null;
    if (target !== null) return () => this.#redirect(new ResponseHead(text, 0), target);
    const file = this.#folders.length > 0 ? fieldOf(text, 'x-sendfile') : null;
    return file === null ? null : () => this.#sendFile(new ResponseHead(text, 0), file);
  }

  #redirect(from: ResponseHead, target: string): void {
    const edit = keptEdit(from);
    const routes = this.#routes;
    if (target.startsWith('@')) {
      if (this.isBodyGone) {
        routes.report(
          `X-Accel-Redirect: ${target} of ${this.head.target} comes too late: the request's body is gone, see request_buffering`,
        );
        this.outer.refuse(500);
        return;
      }
      compileSender(`@${target.slice(1)}`, routes)(
        this,
        (exchange, head) => new AccelExchange(exchange, head, edit),
      );
      return;
    }
    const mark = target.indexOf('?');
    const path = cleanedPath(mark === -1 ? target : target.slice(0, mark));
    if (!path.startsWith('/') || comparablePath(path) === null) {
      routes.report(
        `X-Accel-Redirect: ${JSON.stringify(target)} of ${this.head.target} is no path of this site: answered 404`,
      );
      this.outer.refuse(404);
      return;
    }
    const query = mark === -1 ? '' : target.slice(mark + 1);
    // What the client has asked for, a part of it for instance, not what a cache makes of that.
    const head = headAsGet(headWithPath(this.base.head, path, query), BODY_FIELDS);
    sendOn(this, routes, head, (exchange, made) => new AccelExchange(exchange, made, edit));
  }

  /** @param file a path of the file system, bytes as latin-1 */
  #sendFile(from: ResponseHead, file: string): void {
    const path = resolve('/', Buffer.from(file, 'latin1').toString('utf8'));
    const place = file.startsWith('/')
      ? this.#folders.find(({ folder }) => path.startsWith(folder))
      : undefined;
    if (place === undefined) {
      this.#routes.report(
        `X-Sendfile: ${JSON.stringify(file)} of ${this.head.target} is in no folder of sendfile_from: answered 404`,
      );
      this.outer.refuse(404);
      return;
    }
    const below = Buffer.from(path.slice(place.folder.length), 'utf8').toString('latin1');
    const names = below.split('/').map(encodeName).join('/');
    const head = headAsGet(headWithPath(this.head, `/${names}`, ''), BODY_FIELDS);
    place.files.handle(new SendfileExchange(this.outer, head, keptEdit(from)));
  }
}
