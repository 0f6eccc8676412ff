/** Where StatsD listens; `text` is what the user wrote. */
export type StatsdAddress =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number; readonly text: string }
  | { readonly kind: 'unix'; readonly path: string; readonly text: string };
