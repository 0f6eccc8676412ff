import type { CertificateNews, Certificates } from './certificates.ts';

/** What asks for the time and the inode of some files a few times a minute is not noticed; who renews certificates does so weeks ahead. */
const LOOK_EVERY_MS = 5000;
/** What has changed since they were read for a plan that was on its way. */
const FIRST_LOOK_MS = 1000;

/** Looks whether certificates have changed: those of the plan that is in force. */
export class CertificateWatch {
  readonly #tell: (certificates: Certificates, news: CertificateNews) => void;
  #certificates: Certificates | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (certificates: Certificates, news: CertificateNews) => void) {
    this.#tell = tell;
  }

  follow(certificates: Certificates | null): void {
    this.close();
    this.#certificates = certificates;
    this.#lookIn(FIRST_LOOK_MS);
  }

  /** One is known to have changed. */
  lookNow(): void {
    this.#lookIn(0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#certificates = null;
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#certificates === null) return;
    this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    const certificates = this.#certificates;
    if (certificates === null) return;
    const news = await certificates.look(Date.now());
    // Another plan has come into force meanwhile.
    if (this.#certificates !== certificates) return;
    if (news.isNew || news.notices.length > 0) this.#tell(certificates, news);
    this.#lookIn(LOOK_EVERY_MS);
  }
}
