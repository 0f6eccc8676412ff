/** What may stand in a redirect's target, beside the groups of its pattern. */
export const REDIRECT_VARIABLES = ['scheme', 'host', 'path', 'query', 'request_uri'] as const;

export type RedirectVariable = (typeof REDIRECT_VARIABLES)[number];
