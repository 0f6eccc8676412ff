import { AppFolder } from './app-folder.ts';
import { ANY_VERSION } from './ask-site.ts';
import { type KirinProcess, startKirin } from './kirin.ts';

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"app"]
`;

/** A kirin whose one site has these routes. */
export class ProxyingKirin {
  readonly folder: AppFolder;
  readonly kirin: KirinProcess;

  private constructor(folder: AppFolder, kirin: KirinProcess) {
    this.folder = folder;
    this.kirin = kirin;
  }

  /** `routes`: TOML; `top`: what stands before the sites. */
  static async start(routes: string, top = ANY_VERSION): Promise<ProxyingKirin> {
    const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': toml(routes, top) });
    return new ProxyingKirin(folder, await startKirin({ bind: [], cwd: folder.path }));
  }

  get port(): number {
    return this.kirin.port;
  }

  async stop(): Promise<void> {
    await this.kirin.stop();
    this.folder.remove();
  }
}

function toml(routes: string, top: string): string {
  return `app = "main:app"\nworkers = 1\n${top}\n[[sites]]\n${routes}`;
}
