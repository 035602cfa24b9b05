import { el } from './dom.ts';

/** A cell: text, text in one of the style's colours, or something to press. */
export type Cell =
  | string
  | { readonly text: string; readonly style: 'ok' | 'failed' | 'open' }
  | { readonly text: string; readonly press: () => void };

/** Rows that a table shows before it is asked for all. */
const FIRST = 50;
/** Characters of a text that may be wrapped. */
const LONG = 40;

interface Options {
  readonly note?: string;
  /** So many rows are shown before all are asked for. */
  readonly first?: number;
  /** A class of its own. Where by it the table is none for the eye, it still is one by its roles. */
  readonly style?: string;
}

/** A table under its heading; nothing where it has no rows. Titles with a `#` are of numbers. */
export function table(
  heading: string,
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  { note, first = FIRST, style = '' }: Options = {},
): HTMLElement | undefined {
  if (rows.length === 0) return undefined;
  const numbers = titles.map((title) => title.startsWith('#'));
  const body = el('tbody', { role: 'rowgroup' });
  const fill = (from: number, to: number): void => {
    for (const row of rows.slice(from, to))
      body.append(el('tr', { role: 'row' }, ...row.map((cell, i) => cellOf(cell, numbers[i] === true))));
  };
  fill(0, first);
  const section = el(
    'section',
    {},
    el('h2', {}, heading),
    note === undefined ? undefined : el('p', {}, note),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': heading },
      el(
        'table',
        { class: style, role: 'table' },
        el(
          'thead',
          { role: 'rowgroup' },
          el(
            'tr',
            { role: 'row' },
            ...titles.map((title) =>
              el(
                'th',
                { scope: 'col', role: 'columnheader', class: title.startsWith('#') ? 'number' : '' },
                title.replace('#', ''),
              ),
            ),
          ),
        ),
        body,
      ),
    ),
  );
  if (rows.length > first) {
    const more = el('button', { type: 'button', class: 'more' }, `Show ${rows.length - first} more`);
    more.addEventListener('click', () => {
      fill(first, rows.length);
      more.remove();
    });
    section.append(more);
  }
  return section;
}

function cellOf(cell: Cell, number: boolean): HTMLElement {
  const text = typeof cell === 'string' ? cell : cell.text;
  const style = number ? 'number' : text.length > LONG ? 'long' : '';
  if (typeof cell === 'string') return el('td', { class: style, role: 'cell' }, cell);
  if ('press' in cell)
    return el(
      'td',
      { class: style, role: 'cell' },
      el('button', { type: 'button', class: 'link', click: cell.press }, cell.text),
    );
  return el('td', { class: `${style} ${cell.style}`, role: 'cell' }, cell.text);
}
