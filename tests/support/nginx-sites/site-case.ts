// A configuration of nginx's of a kind that guides show, and what is asked of it.

export interface Asked {
  readonly method?: string;
  readonly target: string;
  readonly host?: string;
  /** As they are sent: `Name: value`. */
  readonly fields?: readonly string[];
  readonly body?: string;
  /** To which of the ports; the first. */
  readonly port?: 'LISTEN' | 'SECOND' | 'SECURE';
  /** By HTTP/2; the port is SECURE. */
  readonly isHttp2?: true;
  /** To WebSocket; what comes then, up to the end of a line, is the body. */
  readonly isUpgrade?: true;
}

export interface SiteCase {
  readonly name: string;
  /**
   * What stands in the http block. LISTEN, SECOND and SECURE are addresses to listen on, BACKEND, BACKEND2 and BACKEND3 those of servers behind,
   * SOCKET the path of one's unix socket, FOLDER that of the files, CERTIFICATE and KEY those of files.
   */
  readonly http: string;
  /** By their paths below FOLDER; a path that ends with a slash is a folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly asked: readonly Asked[];
  /** Of the table in differences.ts. */
  readonly differs?: readonly string[];
  /** Which of several servers answers is not compared, but that each of them does. */
  readonly isSpread?: true;
  /** Directives that the report says have no equivalent. */
  readonly missing?: readonly string[];
}

export const get = (...targets: readonly string[]): readonly Asked[] => targets.map((target) => ({ target }));
