import { className } from '../emit/executor/classes.ts';
import { DSQ, type Value } from '../emit/executor/host.ts';
import { showMask } from '../emit/executor/show.ts';
import type { Program } from '../ir/ir.ts';
import { showValue } from '../semantics/show-value.ts';
import type { Type } from '../semantics/types.ts';
import { isThread } from './decide.ts';
import type { KeptValues } from './kept-values.ts';
import { plain, SHOWN_SCOPES, type Asked, type Plain } from './recorder.ts';
import { lineIn, remembered, type Telling } from './telling.ts';
import type { Decision } from './result.ts';

/** The decisions of a run as reports show them. What several say alike is one object or text. */
export function decisions(telling: Telling): Decision[] {
  const { world, absolute, hook } = telling;
  const { length, t, cpu, handler, what: places, scopes, from, values } = world.recorder.decisions;
  const told = world.recorder.asked.map(({ what }) => toldOf(telling, what, values));
  const stateOf = statesOf(world.program, values);
  const clock = latest(telling.clock);
  const all: Decision[] = [];
  for (let i = 0; i < length; i++) {
    const { what, target, said } = told[places[i]!]!;
    const first = from[i]!;
    const about = target(values.at(first));
    const { args, words } = said(first + 1);
    all.push({
      t: absolute(t[i]!),
      time: clock(t[i]!),
      cpu: cpu[i]!,
      hook: hook(handler[i]!).text,
      line: lineIn(telling, what.start, handler[i]!),
      action: what.action,
      deferred: what.deferred,
      target: about.target,
      tid: about.tid,
      vm: about.vm,
      args,
      words,
      state: stateOf(scopes[i]!, first + what.params.length),
    });
  }
  return all;
}

/** A function that remembers what it gave last: several decisions are often made at one time. */
function latest(compute: (key: number) => string): (key: number) => string {
  let last = NaN;
  let text = '';
  return (key) => {
    if (key === last) return text;
    last = key;
    return (text = compute(key));
  };
}

type Said = Pick<Decision, 'args' | 'words'>;

/** How what a place asks for is told. */
interface Told {
  readonly what: Asked;
  readonly target: (about: Value) => Pick<Decision, 'target' | 'tid' | 'vm'>;
  /** The arguments after the first, whose values begin at `from`. */
  readonly said: (from: number) => Said;
}

function toldOf(telling: Telling, what: Asked, values: KeptValues): Told {
  const [about, ...params] = what.params;
  return {
    what,
    target: isThread(about?.type) ? threadTarget(telling) : otherTarget(telling, about?.type),
    said: saying(telling, params, values),
  };
}

/** Sets of arguments that a place remembers: most places say the same few again and again. */
const REMEMBERED = 4;

function saying(telling: Telling, params: Asked['params'], values: KeptValues): Told['said'] {
  const known: { readonly from: number; readonly said: Said }[] = [];
  let oldest = 0;
  return (from) => {
    for (let i = 0; i < known.length; i++)
      if (values.areEqual(known[i]!.from, from, params.length)) return known[i]!.said;
    const said = say(telling, params, values, from);
    known[oldest] = { from, said };
    oldest = (oldest + 1) % REMEMBERED;
    return said;
  };
}

function say(telling: Telling, params: Asked['params'], values: KeptValues, from: number): Said {
  const args: Record<string, Plain> = {};
  let words = '';
  for (let i = 0; i < params.length; i++) {
    const { name, type } = params[i]!;
    args[name] = shown(telling, values.at(from + i), type);
    words += `${i === 0 ? '' : ', '}${name}: ${inWords(args[name], type)}`;
  }
  return { args, words };
}

function threadTarget({ thread }: Telling): Told['target'] {
  const told = remembered((tid: number) => {
    const { text, vm } = thread(tid);
    return { target: text, tid, vm };
  });
  return (about) => told(Number(about));
}

function otherTarget({ world }: Telling, type: Type | undefined): Told['target'] {
  switch (type?.kind) {
    case 'vm':
      return (about) => {
        const name = world.machines.vms[Number(about)]?.name;
        return { target: name ?? '', tid: null, vm: name ?? null };
      };
    case 'cpu':
      return (about) => ({ target: `cpu ${Number(about)}`, tid: null, vm: null });
    case 'dsq':
      return (about) => ({ target: queueName(world.program, Number(about)), tid: null, vm: null });
    default:
      return (about) => ({ target: String(about), tid: null, vm: null });
  }
}

function queueName(program: Program, dsq: number): string {
  if (dsq === DSQ.local) return 'LOCAL';
  if (dsq === DSQ.global) return 'GLOBAL';
  const cpu = DSQ.cpuOf(dsq);
  return cpu === undefined ? (program.dsqs[dsq]?.name ?? `dsq ${dsq}`) : `local_on(${cpu})`;
}

/** An argument as JSON can hold it: durations in ns, classes and queues by name, masks as lists of CPUs. */
function shown({ world, thread }: Telling, value: Value, type: Type): Plain {
  switch (type.kind) {
    case 'sched_class':
      return className(Number(value));
    case 'cpumask':
      return showMask(typeof value === 'bigint' ? value : 0n);
    case 'dsq':
      return queueName(world.program, Number(value));
    case 'flags':
      return typeof value === 'number' || typeof value === 'bigint'
        ? `0x${value.toString(16)}`
        : plain(value);
    case 'task':
    case 'vcpu':
      return thread(Number(value)).text;
    case 'vm':
      return world.machines.vms[Number(value)]?.name ?? plain(value);
    default:
      return plain(value);
  }
}

/** `value` as people write it: durations and ratios with their unit. */
function inWords(value: Plain, type: Type): string {
  if (typeof value !== 'number' || !Number.isInteger(value)) return String(value);
  switch (type.kind) {
    case 'duration':
    case 'ratio':
      return showValue(BigInt(value), type);
    default:
      return String(value);
  }
}

const NO_STATE: Decision['state'] = {};

/** A function that tells the state of the scopes with these bits, whose values begin at `from`. */
function statesOf(program: Program, values: KeptValues): (scopes: number, from: number) => Decision['state'] {
  const keys = stateKeys(program);
  return (scopes, from) => {
    if (scopes === 0) return NO_STATE;
    const names = keys(scopes);
    const state: Record<string, Plain> = {};
    for (let k = 0; k < names.length; k++) state[names[k]!] = plain(values.at(from + k));
    return state;
  };
}

/** The names under which the state of scopes is shown, by their bits. */
function stateKeys(program: Program): (scopes: number) => readonly string[] {
  const prefix = (scope: string): string => (scope === 'global' ? '' : `${scope}.`);
  return remembered((scopes: number) =>
    SHOWN_SCOPES.filter((_, i) => (scopes & (1 << i)) !== 0).flatMap((scope) =>
      program.states
        .filter((state) => state.side === 'host' && state.scope === scope)
        .flatMap(({ fields }) => fields.map(({ name }) => prefix(scope) + name)),
    ),
  );
}
