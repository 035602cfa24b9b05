import type { Decision } from '../../server/src/lsp/protocol.ts';
import { el } from './dom.ts';
import type { GoTo } from './sections.ts';
import { table, type Cell } from './table.ts';

/** The decisions of the policy in one schedule. */
export function decisionTable(
  title: string,
  decisions: readonly Decision[],
  choose: (index: number) => void,
): HTMLElement | undefined {
  return table(
    `Decisions: ${title}`,
    ['#time', '#CPU', '#line', 'action', 'target', 'arguments'],
    decisions.map(({ time, cpu, line, action, deferred, target, words }, index): readonly Cell[] => [
      { text: time, press: () => choose(index) },
      String(cpu),
      String(line),
      deferred ? `defer ${action}` : action,
      target,
      words,
    ]),
  );
}

/** One decision with the state that led to it, and the policy around its line where the page has its text. */
export function decisionCard(
  decision: Decision,
  source: readonly string[],
  goTo: GoTo,
  close: () => void,
): HTMLElement {
  const { action, deferred, target, words, time, cpu, hook, line, state } = decision;
  const first = Math.max(1, line - 3);
  const lines = source.slice(first - 1, line + 2);
  return el(
    'div',
    {},
    el('button', { type: 'button', class: 'close', 'aria-label': 'Close', click: close }, '✕'),
    el(
      'p',
      {},
      el('b', {}, `${deferred ? 'defer ' : ''}${action} ${target}`),
      words === '' ? '' : ` (${words})`,
    ),
    el(
      'p',
      {},
      `at ${time} on CPU ${cpu}, in ${hook}, `,
      el('button', { type: 'button', class: 'link', click: () => goTo(line) }, `line ${line}`),
    ),
    el('p', {}, stateText(state)),
    lines.length === 0
      ? undefined
      : el(
          'pre',
          {},
          ...lines.map((text, i) =>
            el(
              'span',
              { class: first + i === line ? 'here' : '' },
              `${String(first + i).padStart(4)}  ${text}\n`,
            ),
          ),
        ),
  );
}

function stateText(state: Decision['state']): string {
  const entries = Object.entries(state);
  if (entries.length === 0) return 'The policy keeps no state of it.';
  return `State then: ${entries.map(([name, value]) => `${name} = ${shown(value)}`).join(', ')}`;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
