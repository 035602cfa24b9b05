/** Where a command writes. */
export interface Terminal {
  /** Writes to stdout as it is: the result. */
  readonly out: (text: string) => void;
  /** Writes to stderr: what is said about the run. */
  readonly err: (text: string) => void;
  readonly paint: Paint;
}

type Colour = 'red' | 'yellow' | 'blue' | 'green' | 'bold' | 'dim';

export type Paint = (colour: Colour, text: string) => string;

const CODES: Readonly<Record<Colour, readonly [open: number, close: number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  blue: [34, 39],
  green: [32, 39],
  bold: [1, 22],
  dim: [2, 22],
};

export const plain: Paint = (_, text) => text;
export const colourful: Paint = (colour, text) => {
  const [open, close] = CODES[colour];
  return text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;
};

/** The process's own terminal: coloured on a TTY, or where `color` asks for it. NO_COLOR wins over the TTY. */
export function processTerminal(color: boolean): Terminal {
  const coloured = color || (process.stdout.isTTY && !process.env['NO_COLOR']);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    paint: coloured ? colourful : plain,
  };
}

/** A reader that stops early (`| head`) is no error: the process ends quietly with the status it has so far. */
export function endQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(process.exitCode);
    });
  }
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const ANSI = /\u001b\[\d+m/g;
const width = (text: string): number => [...text.replace(ANSI, '')].length;

/** Lines of a table: columns as wide as their widest cell, two spaces apart, titles bold and only where there is one. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const titled = columns.some((column) => column.title !== '');
  const head = columns.map((column) => paint('bold', column.title));
  const all = titled ? [head, ...rows] : rows;
  const widths = columns.map((_, i) => Math.max(0, ...all.map((row) => width(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? '';
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)));
        return column.align === 'right' ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join('');
}
