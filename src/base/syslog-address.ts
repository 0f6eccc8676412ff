/** Where syslog listens; `text` is what the user wrote. */
export type SyslogAddress =
  | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number; readonly text: string }
  | {
      readonly kind: 'unix';
      readonly path: string;
      /** `any`: whichever type there is. */
      readonly socket: 'dgram' | 'stream' | 'any';
      readonly text: string;
    };
