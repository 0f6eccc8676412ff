import type { ReadContext } from './machine.ts';

/** A value that does not fit its setting. The message says what is wrong and what would be right, and is shown after the value. */
export class ValueProblem extends Error {
  /** 'form': argparse would refuse it, exit code 2; 'meaning': well formed, but no such user, folder … */
  readonly fault: 'form' | 'meaning';

  constructor(message: string, fault: 'form' | 'meaning' = 'form') {
    super(message);
    this.fault = fault;
  }
}

/** A Python value that JSON has no counterpart of: a class, a function, a set … */
export class PythonObject {
  /** As Python names it. */
  readonly type: string;
  /** Dotted, of a class or a function; of others what repr() says. */
  readonly name: string;

  constructor(type: string, name: string) {
    this.type = type;
    this.name = name;
  }
}

/** A value that a configuration file gives. */
export type FileValue =
  | null
  | boolean
  | number
  | string
  | PythonObject
  | readonly FileValue[]
  | { readonly [key: string]: FileValue };

/** What JSON Schema says of a value: the keywords that are used here. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly items?: ValueSchema;
  readonly additionalProperties?: ValueSchema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** How the values of a setting are written, checked and shown. */
export interface Kind<T> {
  /** Placeholder of the value in help, or null for a switch, which is given without a value. */
  readonly metavar: string | null;
  /** Where the flag's value may be left out: what it means then, and whether the word behind it is a value. */
  readonly bare?: { readonly value: string; isValue(word: string): boolean };
  /** @throws {ValueProblem} */
  parse(text: string, context: ReadContext): T;
  /**
   * For values of a configuration file that are no text. undefined: there is no such value; None is then as good as absent.
   * @throws {ValueProblem}
   */
  fromFile?(value: Exclude<FileValue, string>): T | undefined;
  /** What it may be in kirin.toml, for editors. Default: a string, and where values add up also a list of them. */
  readonly schema?: ValueSchema;
  /** As `parse` would read it again. Lists come as their items. */
  show(value: NonNullable<T>): ShownValue;
  /** For settings that may be given several times in one source: what they mean together. */
  combine?(earlier: T, later: T): T;
}

export type ShownValue = string | number | boolean | readonly string[];

/** An environment variable that sets a setting when nothing stronger does. */
export interface EnvironmentSource {
  readonly variable: string;
  /** The setting's value for the variable's text; without it the text itself. */
  readonly toValue?: (text: string) => string;
}

export interface Setting<T> {
  /** Spellings on the command line, short ones first; none: not settable there. */
  readonly flags: readonly string[];
  readonly kind: Kind<T>;
  readonly default: T | ((context: ReadContext) => T);
  readonly environment?: EnvironmentSource;
  /** Overrides the kind's placeholder in help. */
  readonly metavar?: string;
  /** What it does, without a full stop; of common settings at most 51 characters, the short help's room. */
  readonly help: string;
  /** More for the reference page: units, edge cases, how it differs from Gunicorn. */
  readonly detail?: string;
  /** How the default is described where its value depends on the machine. */
  readonly defaultText?: string;
  /** On the short help, which fits one screen. */
  readonly common?: boolean;
  /** What whoever sets it should know; said once at the start, as a warning. */
  readonly caution?: string;
  /** Why it has no effect here. It is accepted, and said once at the start when it is set. */
  readonly without?: string;
  /** Why every value but the default is refused, or all that `accepts` does not accept; with what to use instead. */
  readonly refused?: string;
  readonly accepts?: (value: T) => boolean;
}

/** Declares a row of the table; its value type is its default's. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}
