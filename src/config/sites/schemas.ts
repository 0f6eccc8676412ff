// What JSON Schema says of values that several tables have.

export const STRING = { type: 'string' };
export const STRINGS = { type: ['string', 'array'], items: STRING };
export const STATUS = { type: 'integer', minimum: 200, maximum: 599 };
/** `"10s"`, or a number of seconds. */
export const WAIT = { type: ['number', 'string'] };
export const COUNT = { type: 'integer', minimum: 0 };
