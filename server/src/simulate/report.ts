import { LineIndex } from '../../../grammar/text.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { className } from '../emit/executor/classes.ts';
import type { Samples } from '../emit/executor/samples.ts';
import type { IrType } from '../ir/ir.ts';
import type { Scope } from '../semantics/model.ts';
import { sampleValues } from './measure.ts';
import { sorted, summarize } from './quantiles.ts';
import { actionCounts, type RawLog } from './recorder.ts';
import { decisions } from './report-decisions.ts';
import type {
  Arm,
  BoostSpan,
  Bucket,
  CounterResult,
  HistogramResult,
  InvariantResult,
  LogLine,
  ReplayResult,
} from './result.ts';
import type { ReplayRun } from './run.ts';
import { hookText } from './support.ts';
import { lineIn, remembered, tellingOf, type Telling } from './telling.ts';
import { threadLabel } from './tasks.ts';
import type { World } from './world.ts';

type Shared = Omit<ReplayResult, 'scenario' | 'expectations' | 'recorded'>;

/** What a replay found, as plain data; `text` is the policy. */
export function report(run: ReplayRun, text: string): Shared {
  const { world, fired } = run;
  const lines = new LineIndex(text);
  const lineOf = remembered((offset: number): number => lines.lineAt(offset) + 1);
  const { recorder, trace, program } = world;
  const handlers = program.host.handlers;
  const telling = tellingOf(world, lineOf);
  return {
    policy: program.name,
    trace: { events: trace.length, duration_ns: trace.durationNs, cpus: trace.cpus },
    hooks: handlers.map((handler, i) => ({
      hook: hookText(handler),
      line: lineOf(handler.span.start),
      fired: fired[i] ?? 0,
    })),
    lines: lineHits(run, lineOf),
    branches: branchHits(run, text, lineOf),
    decisions: decisions(telling),
    decisions_dropped: recorder.droppedDecisions,
    actions: Object.fromEntries([...actionCounts(recorder)].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    boosts: boostSpans(world, telling),
    counters: counters(run),
    histograms: histograms(run),
    logs: recorder.logs.map((raw) => logLine(telling, raw)),
    logs_dropped: recorder.droppedLogs,
    invariants: invariants(run, telling),
    unknown: [...recorder.unknown].map(([what, taken]) => ({ what, taken })),
  };
}

type LineOf = (offset: number) => number;

/** Hits by line: where several statements or arms begin on one, the one that ran most often. */
function lineHits({ execution }: ReplayRun, lineOf: LineOf): ReplayResult['lines'] {
  const { statements, counts, branches, ways } = execution.machine.hits;
  const hits = new Map<number, number>();
  const add = (start: number, count = 0): void => {
    const line = lineOf(start);
    hits.set(line, Math.max(hits.get(line) ?? 0, count));
  };
  for (const { start, count } of statements) add(start, counts[count]);
  for (const { first, arms } of branches)
    for (const [way, { start }] of arms.entries()) add(start, ways[first + way]);
  return [...hits].toSorted(([a], [b]) => a - b).map(([line, count]) => ({ line, hits: count }));
}

function branchHits({ execution }: ReplayRun, text: string, lineOf: LineOf): ReplayResult['branches'] {
  const { branches, ways } = execution.machine.hits;
  return branches
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, first, ways: number, arms }) => ({
      line: lineOf(start),
      taken: [...ways.subarray(first, first + number)],
      ...(arms.length > 0 && { arms: arms.map((arm) => armOf(text, arm, lineOf)) }),
    }));
}

const armOf = (text: string, { start, end }: Span, lineOf: LineOf): Arm => ({
  line: lineOf(start),
  pattern: text.slice(start, end).replace(/\s+/gu, ' '),
});

function logLine(telling: Telling, raw: RawLog): LogLine {
  return {
    t: telling.absolute(raw.t),
    time: telling.clock(raw.t),
    cpu: raw.cpu,
    hook: telling.hook(raw.handler).text,
    line: lineIn(telling, raw.start, raw.handler),
    text: raw.text,
  };
}

function boostSpans(world: World, { absolute, thread }: Telling): BoostSpan[] {
  return world.boosts.all.map((boost) => ({
    target: thread(boost.tid).text,
    tid: boost.tid,
    vm: thread(boost.tid).vm,
    from: absolute(boost.from),
    to: boost.end ? absolute(boost.end.at) : null,
    ended: boost.end?.by ?? null,
    class: className(boost.schedClass),
    prio: boost.prio,
  }));
}

/** The entity as reports name it. */
function entityText(world: World, scope: Scope | IrType['kind'], entity: number): string {
  switch (scope) {
    case 'vm':
      return world.machines.vms[entity]?.name ?? `vm ${entity}`;
    case 'vcpu': {
      const vm = world.machines.vms[world.machines.vmOf.get(entity) ?? -1];
      const vcpu = world.machines.vcpuOf.get(entity);
      return vm && vcpu ? `${vm.name}/${vcpu.id}` : threadLabel(world.trace, entity);
    }
    case 'task':
      return threadLabel(world.trace, entity);
    case 'cpu':
      return `cpu ${entity}`;
    default:
      return '';
  }
}

const byEntity = <T>([a]: readonly [number, T], [b]: readonly [number, T]): number => a - b;

function counters({ world, execution }: ReplayRun): CounterResult[] {
  return world.program.counters.map(({ name, per }) => {
    const values = [...(execution.machine.counters.get(name) ?? [])].toSorted(byEntity);
    return {
      name,
      per,
      values: values.map(([entity, { value }]) => ({
        of: entityText(world, per, entity),
        value: Number(value),
      })),
    };
  });
}

function histograms({ world, execution }: ReplayRun): HistogramResult[] {
  return world.program.histograms.map(({ name, per, type }) => {
    const values = [...(execution.machine.histograms.get(name) ?? [])].toSorted(byEntity);
    return {
      name,
      per,
      unit: type.kind === 'int' && typeof type.unit === 'string' ? type.unit : 'plain',
      values: values.map(([entity, samples]) => ({
        of: entityText(world, per, entity),
        ...summarize(sorted(sampleValues(samples))),
        buckets: buckets(samples),
      })),
    };
  });
}

/** Counts by powers of two, from the first bucket that has values to the last. */
function buckets(samples: Samples): Bucket[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < samples.length; i++) {
    const value = samples.values[i]!;
    const from = value < 1 ? 0 : 2 ** Math.floor(Math.log2(value));
    counts.set(from, (counts.get(from) ?? 0) + 1);
  }
  return [...counts].toSorted(byEntity).map(([from, count]) => ({ from, count }));
}

function invariants({ world, execution, violations }: ReplayRun, telling: Telling): InvariantResult[] {
  const { lineOf, absolute, clock } = telling;
  return execution.invariants.map(({ invariant }) => {
    const own = violations.filter(({ name }) => name === invariant.name);
    return {
      name: invariant.name,
      line: lineOf(invariant.span.start),
      ok: own.length === 0,
      violations: own.map(({ t, start, entities }) => ({
        t: absolute(t),
        time: clock(t),
        line: lineOf(start),
        entities: entities.map(({ kind, id }) => entityText(world, kind, id)),
      })),
    };
  });
}
