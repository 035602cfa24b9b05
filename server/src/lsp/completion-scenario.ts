import { CompletionItemKind } from 'vscode-languageserver';
import type { AnyNode } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import { METRICS, STATISTICS } from '../semantics/statistics.ts';
import { show } from '../semantics/types.ts';
import { constantItems, ownItem } from './completion-code.ts';
import { builtinItem, keyword, plainItem, snippet, type Item } from './completion-items.ts';

/** What can follow in a line of a scenario; `path` are the nodes around the place. */
export function scenarioItems(snapshot: Snapshot, path: readonly AnyNode[], said: string): readonly Item[] {
  const [word] = said.split(' ');
  switch (word) {
    case '':
      return SCENARIO;
    case 'vm':
      return / [=|]$/u.test(said) ? SELECTORS : [];
    case 'assume':
      return assumeItems(snapshot, path, said);
    case 'compare':
      return /^compare(?: .*,)?$/u.test(said) ? BASELINES : [];
    case 'set':
      return setItems(snapshot, path, said);
    case 'expect':
      return expectItems(snapshot, path, said);
    default:
      return [];
  }
}

function assumeItems(snapshot: Snapshot, path: readonly AnyNode[], said: string): readonly Item[] {
  if (said === 'assume')
    return snapshot.file.decls.flatMap((decl) =>
      decl.kind === 'shared' && decl.direction.text === 'hint'
        ? decl.fields.map(({ name, doc }) =>
            plainItem(name.text, CompletionItemKind.Field, 'own', 'hint', doc),
          )
        : [],
    );
  if (/ on$/u.test(said)) return vmItems(path);
  if (/ after$/u.test(said)) return hookNames(snapshot);
  if (/ on \w+$/u.test(said)) return WHEN;
  if (/ for /u.test(said)) return [keyword('after', 'and a hook')];
  if (/ =$/u.test(said)) return constantItems(snapshot);
  return [keyword('on', 'and a VM of this scenario')];
}

const hookNames = ({ model: { kernel } }: Snapshot): readonly Item[] =>
  (['pvsched', 'tracepoint'] as const).flatMap((family) =>
    kernel
      .hooks(family)
      .map(({ name, doc }) => plainItem(name, CompletionItemKind.Event, 'kernel', family, doc)),
  );

function setItems(snapshot: Snapshot, path: readonly AnyNode[], said: string): readonly Item[] {
  if (said === 'set')
    return [...snapshot.model.globals.host].flatMap(([name, symbol]) =>
      symbol.kind === 'param' || symbol.kind === 'table' ? [ownItem(name, symbol)] : [],
    );
  if (/^set \w+ \[$/u.test(said)) return [...vmItems(path), ...constantItems(snapshot)];
  return / =(?: .*[^\w)])?$/u.test(said) ? constantItems(snapshot) : [];
}

function expectItems(snapshot: Snapshot, path: readonly AnyNode[], said: string): readonly Item[] {
  if (/ of$/u.test(said)) return vmItems(path);
  const metrics = [
    ...[...snapshot.model.globals.host, ...snapshot.model.globals.guest].flatMap(([name, symbol]) =>
      symbol.kind === 'counter' || symbol.kind === 'histogram' ? [ownItem(name, symbol)] : [],
    ),
    ...METRICS.map(({ name, type, doc }) =>
      plainItem(name, CompletionItemKind.Constant, 'language', show(type), doc),
    ),
  ];
  if (/ \($/u.test(said)) return metrics;
  if (/\( \w+$/u.test(said)) return [keyword('of', 'and a VM of this scenario')];
  if (/[\w)]$/u.test(said) && said !== 'expect') return [];
  return [
    ...STATISTICS.map((one) => ({ ...builtinItem(one), insertText: one.name })),
    ...metrics,
    plainItem('baseline', CompletionItemKind.Constant, 'language', 'the same without the policy'),
    ...constantItems(snapshot).filter(({ label }) => !STATISTICS.some(({ name }) => name === label)),
  ];
}

/** The VMs that the scenario names. */
const vmItems = (path: readonly AnyNode[]): readonly Item[] =>
  path.flatMap((node) =>
    node.kind === 'scenario'
      ? node.items.flatMap((item) =>
          item.kind === 'vm' && item.name.text !== ''
            ? [plainItem(item.name.text, CompletionItemKind.Variable, 'local', 'a VM of this scenario')]
            : [],
        )
      : [],
  );

const WHEN: readonly Item[] = [
  keyword('always', 'the whole time'),
  snippet('for', 'for ${1:300us} after ${2:intr_inj}', 'some time after a hook'),
];

const BASELINES: readonly Item[] = [
  keyword('eevdf', 'the scheduler of the kernel'),
  keyword('pinned', 'each vCPU on a CPU of its own, as far as they go'),
];

const SELECTORS: readonly Item[] = [
  snippet('comm', 'comm "${1:qemu-*}"', 'by the name of its threads'),
  snippet('cgroup', 'cgroup "${1:/machine/*}"', 'by their cgroup'),
  snippet('pid', 'pid ${1:1}', 'by the process'),
];

const SCENARIO: readonly Item[] = [
  snippet('trace', 'trace "${1:traces/example.trace.gz}"', 'the recording to run on'),
  snippet('vm', 'vm ${1:name} = comm "${2:qemu-*}"', 'name a VM of the trace'),
  snippet(
    'assume',
    'assume ${1:hint} on ${2:vm} for ${3:300us} after ${4:intr_inj}',
    'a hint that the trace has not',
  ),
  snippet('set', 'set ${1:param} = ${2:value}', 'a param in this scenario'),
  snippet('set[]', 'set ${1:table}[${2:vm}] = ${3:value}', 'an entry of a table in this scenario'),
  snippet('compare', 'compare ${1:eevdf}', 'what to compare with'),
  snippet('expect', 'expect ${1:p99}(${2:wakeup_latency} of ${3:vm}) < ${4:1ms}', 'what has to hold'),
];
