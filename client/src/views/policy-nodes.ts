import type { PolicyOutline, SimulationReport } from '../../../server/src/lsp/protocol.ts';
import { count, figure } from '../../figures.ts';
import { changeText, effectName, effectsOf, type Effect } from '../results/effects.ts';
import { verdict } from '../results/marks.ts';

/** One row of the Policy view. */
export interface PolicyNode {
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  /** A codicon, and the id of a theme colour for it. */
  readonly icon?: string;
  readonly color?: string;
  /** From 1: where a click leads. */
  readonly line?: number;
  /** What the menus of the row go by. */
  readonly context?: 'param' | 'changedParam' | 'scenario';
  /** Of a param or scenario. */
  readonly name?: string;
  readonly children?: readonly PolicyNode[];
  /** Its children are seen only when they are asked for. */
  readonly collapsed?: true;
}

/** What the view shows of a policy: what it declares, with the values of the last run that is not stale. */
export function policyNodes(
  outline: PolicyOutline,
  values: Readonly<Record<string, string>>,
  reports: readonly SimulationReport[],
): readonly PolicyNode[] {
  const report = reports[0];
  const section = (label: string, children: readonly PolicyNode[]): PolicyNode[] =>
    children.length === 0 ? [] : [{ label, children }];
  return [
    ...section(
      'Params',
      outline.params.map((param) => paramNode(param, values[param.name])),
    ),
    ...section('Effect of the policy', report ? effectNodes(effectsOf(report)) : []),
    ...section(
      'Hooks',
      outline.hooks.map(({ title, line }) => {
        const fired = report?.replay.hooks.find((hook) => hook.line === line)?.fired;
        return {
          label: title,
          icon: 'zap',
          line,
          ...(fired !== undefined && { description: `fired ${count(fired)}×` }),
        };
      }),
    ),
    ...section('State', outline.state.map(stateNode)),
    ...section(
      'Counters and histograms',
      outline.measures.map((measure) => measureNode(measure, report)),
    ),
    ...section(
      'Scenarios',
      outline.scenarios.map((scenario) => scenarioNode(scenario, reports)),
    ),
  ];
}

function paramNode(
  { name, value, range, doc, type, tunable, line }: PolicyOutline['params'][number],
  own: string | undefined,
): PolicyNode {
  const within = range === null ? '' : ` in ${range}`;
  return {
    label: name,
    name,
    line,
    icon: own === undefined ? 'settings' : 'settings-gear',
    ...(own !== undefined && { color: 'pvpolicy.results.passed' }),
    context: own === undefined ? 'param' : 'changedParam',
    description: own === undefined ? `${value}${within}` : `${own} instead of ${value}`,
    tooltip: `${tunable ? 'tunable' : 'param'} ${name}: ${type} = ${value}${within}\n\n${doc ?? ''}`.trim(),
  };
}

/** What the model can tell from its own error; the rest is there for those who look. */
function effectNodes(effects: readonly Effect[]): readonly PolicyNode[] {
  const within = effects.filter(({ significant }) => !significant).map(effectNode);
  return [
    ...effects.filter(({ significant }) => significant).map(effectNode),
    ...(within.length === 0
      ? []
      : [
          {
            label: `${within.length} within the error of the model`,
            children: within,
            collapsed: true as const,
          },
        ]),
  ];
}

const effectNode = (effect: Effect): PolicyNode => ({
  label: effectName(effect),
  description: changeText(effect),
  icon: effect.significant ? 'arrow-swap' : 'dash',
  tooltip: 'In the simulated schedule, without the policy → with it.',
});

const stateNode = ({ title, line, fields }: PolicyOutline['state'][number]): PolicyNode => ({
  label: title,
  line,
  icon: 'database',
  children: fields.map((field) => ({
    label: field.name,
    description: field.type,
    line: field.line,
    icon: 'symbol-field',
  })),
});

function measureNode(
  { kind, name, per, line }: PolicyOutline['measures'][number],
  report: SimulationReport | undefined,
): PolicyNode {
  const base = { label: name, line, icon: kind === 'counter' ? 'symbol-number' : 'graph' };
  const of = per === '' ? kind : `${kind} per ${per}`;
  const counter = report?.replay.counters.find((one) => one.name === name);
  const histogram = report?.replay.histograms.find((one) => one.name === name);
  const rows = [
    ...(counter?.values.map(({ of, value }) => ({ label: of || name, description: count(value) })) ?? []),
    ...(histogram?.values.map(({ of, count: size, p50, p99 }) => ({
      label: of || name,
      description:
        p50 === undefined || p99 === undefined
          ? 'no values'
          : `p50 ${figure(p50, histogram.unit)}, p99 ${figure(p99, histogram.unit)}, ${count(size)} values`,
    })) ?? []),
  ];
  if (!report) return { ...base, description: of };
  return rows.length === 0
    ? { ...base, description: 'no values' }
    : { ...base, description: of, children: rows };
}

function scenarioNode(
  { name, line, trace, expectations }: PolicyOutline['scenarios'][number],
  reports: readonly SimulationReport[],
): PolicyNode {
  const report = reports.find(({ scenario }) => scenario === name);
  return {
    label: name,
    name,
    line,
    icon: 'beaker',
    context: 'scenario',
    ...(trace !== null && { description: trace }),
    children: expectations.map((expectation) => {
      const found = report?.expectations.find((one) => one.line === expectation.line);
      const label = { label: expectation.text, line: expectation.line };
      if (!found) return { ...label, icon: 'circle-outline' };
      const [icon, color] = VERDICTS[String(found.ok) as keyof typeof VERDICTS];
      return { ...label, icon, color, description: verdict(found).slice(2) };
    }),
  };
}

const VERDICTS = {
  true: ['pass', 'testing.iconPassed'],
  false: ['error', 'testing.iconFailed'],
  null: ['question', 'descriptionForeground'],
} as const;
