import { className } from '../emit/executor/classes.ts';
import { DSQ, type Value } from '../emit/executor/host.ts';
import { showMask } from '../emit/executor/show.ts';
import type { Program } from '../ir/ir.ts';
import { showValue } from '../semantics/show-value.ts';
import type { Type } from '../semantics/types.ts';
import { isThread } from './decide.ts';
import { plain, SHOWN_SCOPES, type Asked, type Plain } from './recorder.ts';
import { lineIn, remembered, type Telling } from './telling.ts';
import type { Decision } from './result.ts';

/** The decisions of a run as reports show them. */
export function decisions(telling: Telling): Decision[] {
  const { world } = telling;
  const { length, t, cpu, handler, what: places, scopes, from, values } = world.recorder.decisions;
  const told = world.recorder.asked.map(({ what }) => toldOf(telling, what));
  const keys = stateKeys(world.program);
  return Array.from({ length }, (_, i) => {
    const { what } = world.recorder.asked[places[i]!]!;
    const how = told[places[i]!]!;
    const first = from[i]!;
    const args: Record<string, Plain> = {};
    for (let arg = 1; arg < what.params.length; arg++)
      args[what.params[arg]!.name] = shown(telling, values[first + arg], what.params[arg]!.type);
    const state: Record<string, Plain> = {};
    let place = first + what.params.length;
    const names = keys(scopes[i]!);
    for (let k = 0; k < names.length; k++) state[names[k]!] = plain(values[place++]);
    const about = how.target(values[first]);
    return {
      t: telling.absolute(t[i]!),
      time: telling.clock(t[i]!),
      cpu: cpu[i]!,
      hook: telling.hook(handler[i]!).text,
      line: lineIn(telling, what.start, handler[i]!),
      action: what.action,
      deferred: what.deferred,
      target: about.target,
      tid: about.tid,
      vm: about.vm,
      args,
      words: how.words(args),
      state,
    };
  });
}

/** How what a place asks for is told. */
interface Told {
  readonly target: (about: Value) => Pick<Decision, 'target' | 'tid' | 'vm'>;
  readonly words: (args: Readonly<Record<string, Plain>>) => string;
}

function toldOf(telling: Telling, what: Asked): Told {
  const shownParams = what.params.slice(1);
  const type = what.params[0]?.type;
  return {
    target: isThread(type) ? threadTarget(telling) : otherTarget(telling, type),
    words: (args) => {
      let words = '';
      for (let i = 0; i < shownParams.length; i++) {
        const { name, type: kind } = shownParams[i]!;
        words += `${i === 0 ? '' : ', '}${name}: ${inWords(args[name]!, kind)}`;
      }
      return words;
    },
  };
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
