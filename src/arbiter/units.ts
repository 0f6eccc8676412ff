// Quantities as people are told of them.

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

export const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

/** `a`, `a and b`, `a, b and c`. */
export const inWords = (names: readonly string[]): string =>
  [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' and ');

/** Whatever is more than nothing stays so: 0 has a meaning of its own. */
export const milliseconds = (seconds: number): number =>
  seconds === 0 ? 0 : Math.max(1, Math.round(seconds * 1000));
