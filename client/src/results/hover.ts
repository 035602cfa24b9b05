import {
  ColorThemeKind,
  Hover,
  languages,
  MarkdownString,
  window,
  type Disposable,
  type Position,
  type TextDocument,
} from 'vscode';
import { count, duration, figure } from '../../figures.ts';
import { setting } from '../settings.ts';
import { dataUri, distributionSvg, INKS, momentsSvg, type Distribution, type Look } from './picture.ts';
import type { Result, Results } from './results.ts';
import { waysAt } from './ways.ts';

/** Pictures in one hover. */
const MOST = 3;

/** The hover of a line that was simulated: what was measured, with the distribution as a picture. */
export function registerResultHover(results: Results): Disposable {
  return languages.registerHoverProvider(
    { language: 'pvpolicy' },
    {
      provideHover(document, position) {
        const result = results.get(document);
        if (!result || result.stale || !setting<boolean>('results.hover', document)) return undefined;
        const parts = [...measured(result, document, position), ...ofLine(result, position.line + 1)];
        if (parts.length === 0) return undefined;
        const markdown = new MarkdownString(parts.join('\n\n'));
        markdown.supportHtml = false;
        return new Hover(markdown);
      },
    },
  );
}

/** The histograms and counters that are named under the mouse, or in the expectation of the line. */
function measured({ report, others }: Result, document: TextDocument, position: Position): readonly string[] {
  const at = document.getWordRangeAtPosition(position);
  const names = new Set(at ? [document.getText(at)] : []);
  const line = position.line + 1;
  for (const { expectations } of [report, ...others])
    for (const { text } of expectations.filter((expectation) => expectation.line === line))
      for (const [word] of text.matchAll(/\w+/gu)) names.add(word);
  const distributions = report.replay.histograms
    .filter(({ name }) => names.has(name))
    .flatMap(({ name, unit, values }) =>
      values.map(({ of, count: size, p50, p99, buckets }): Distribution => ({
        title: `${name}${of === '' ? '' : ` of ${of}`}: ${count(size)} values`,
        unit,
        bars: buckets,
        marks: [
          ...(p50 === undefined ? [] : [{ name: 'p50', value: p50 }]),
          ...(p99 === undefined ? [] : [{ name: 'p99', value: p99 }]),
        ],
      })),
    );
  const counters = report.replay.counters
    .filter(({ name }) => names.has(name))
    .map(
      ({ name, values }) =>
        `**${name}** ${values.map(({ of, value }) => `${of} ${count(value)}`).join(', ') || 'stayed 0'}`,
    );
  const more = distributions.length - MOST;
  return [
    ...counters,
    ...distributions.slice(0, MOST).map((one) => image(one.title, distributionSvg(one, INKS[look()]))),
    ...(more > 0 ? [`and ${more} more in the report`] : []),
  ];
}

/** Which ways a condition went, and when the line asked for something. */
function ofLine({ report: { replay, trace } }: Result, line: number): readonly string[] {
  const branches = replay.branches.flatMap((branch) => waysAt(branch, line));
  const decisions = replay.decisions.filter((decision) => decision.line === line);
  if (decisions.length === 0) return branches;
  const [first, last] = [replay.decisions[0], replay.decisions.at(-1)];
  const start = first?.t ?? 0;
  const length = Math.max(1, (last?.t ?? 0) - start);
  const moments = decisions.map(({ t }) => (t - start) / length);
  const ends = [`${first?.time} s`, `${last?.time} s`] as const;
  const targets = [...new Set(decisions.map(({ target }) => `\`${target}\``))];
  const title = `${count(decisions.length)} in ${duration(trace.duration_ns)}`;
  return [
    ...branches,
    image(title, momentsSvg(title, moments, ends, INKS[look()])),
    `On ${targets.slice(0, 6).join(', ')}${targets.length > 6 ? ` and ${figure(targets.length - 6, 'count')} more` : ''}`,
  ];
}

/** The text alternative is what a screen reader says. */
const image = (title: string, svg: string): string =>
  `![${title.replaceAll(/[[\]]/gu, '')}](${dataUri(svg)})`;

function look(): Look {
  switch (window.activeColorTheme.kind) {
    case ColorThemeKind.Light:
      return 'light';
    case ColorThemeKind.Dark:
      return 'dark';
    case ColorThemeKind.HighContrast:
      return 'highContrast';
    case ColorThemeKind.HighContrastLight:
      return 'highContrastLight';
  }
}
