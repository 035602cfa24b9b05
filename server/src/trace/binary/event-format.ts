/** Where a value lies in the record of an event. */
export interface FormatField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** The four bytes say where the text is: from the record's start, or from the end of the field. */
  readonly location: 'inline' | 'record' | 'relative';
}

/** A tracefs `format` file. */
export interface EventFormat {
  readonly name: string;
  readonly id: number;
  readonly fields: ReadonlyMap<string, FormatField>;
  /** How the kernel prints the event, as in the file. */
  readonly print: string;
}

const FIELD = /^\s*field:\s*(.+?);\s*offset:\s*(\d+);\s*size:\s*(\d+);(?:\s*signed:\s*(\d+);)?/;

/** Reads the text of a `format` file; undefined: it is none. */
export function parseFormat(text: string): EventFormat | undefined {
  const name = /^name: (\S+)$/m.exec(text)?.[1];
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  const print = /^print fmt: (.*)$/m.exec(text)?.[1] ?? '';
  return { name, id: Number(id), fields: parseFields(text), print };
}

/** The fields of a `format` or `header_page` text. */
export function parseFields(text: string): Map<string, FormatField> {
  const fields = new Map<string, FormatField>();
  for (const line of text.split('\n')) {
    const [, declaration, offset, size, signed] = FIELD.exec(line) ?? [];
    if (declaration === undefined) continue;
    const name = /(\w+)(?:\[[^\]]*\])*$/.exec(declaration.trim())?.[1];
    if (name === undefined) continue;
    fields.set(name, {
      name,
      offset: Number(offset),
      size: Number(size),
      signed: signed === '1',
      location: locationOf(declaration),
    });
  }
  return fields;
}

function locationOf(declaration: string): FormatField['location'] {
  if (declaration.startsWith('__data_loc')) return 'record';
  return declaration.startsWith('__rel_loc') ? 'relative' : 'inline';
}

/** The numbers and names of the `__print_symbolic(REC->FIELD…` number `nth` in how an event is printed. */
export function symbolsOf(print: string, field: string, nth = 0): ReadonlyMap<number, string> {
  const symbols = new Map<number, string>();
  const calls = print.split(`__print_symbolic(REC->${field}`);
  const call = calls[nth + 1];
  if (call === undefined) return symbols;
  const end = call.indexOf('})');
  for (const [, number, name] of call
    .slice(0, end < 0 ? undefined : end + 1)
    .matchAll(/\{\s*\(?(-?\w+)\)?\s*,\s*"([^"]*)"\s*\}/g)) {
    const value = Number(number);
    if (Number.isInteger(value) && !symbols.has(value >>> 0)) symbols.set(value >>> 0, name!);
  }
  return symbols;
}
