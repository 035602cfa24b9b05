import type { ParamDef, Program, StateDef } from '../../ir/ir.ts';
import type { Scope } from '../../semantics/model.ts';
import { valueOf, type Host, type Value } from './host.ts';
import { u64, type Num } from './number.ts';
import { newSamples, type Samples } from './samples.ts';
import { newStore, type Store } from './store.ts';

/** Everything that a policy keeps while it runs, and what is counted of its running. */
export interface Machine {
  readonly host: Host;
  readonly program: Program;
  readonly stores: ReadonlyMap<Scope, Store>;
  /** The pages that guests read, by vCPU. */
  readonly feedback: Store;
  readonly params: ReadonlyMap<string, { value: Value }>;
  /** By entity; `GLOBAL_ENTITY` where the counter is not kept per something. */
  readonly counters: ReadonlyMap<string, Map<number, Num>>;
  readonly histograms: ReadonlyMap<string, Map<number, Samples>>;
  readonly hits: Hits;
  /** How often state or a counter may have changed. */
  readonly changes: { count: number };
}

/** How often each statement ran and each branch was taken. */
export interface Hits {
  /** Where each counted statement begins, by its index. */
  readonly starts: number[];
  counts: Float64Array;
  /** Where each `if`, `if let` and `match` begins, with the indices of its ways in `ways`. */
  readonly branches: { readonly start: number; readonly first: number; readonly ways: number }[];
  ways: Float64Array;
  wayCount: number;
}

/** A machine for one side of `program`; `values` are the params that differ from the policy's own. */
export function newMachine(
  program: Program,
  side: 'host' | 'guest',
  host: Host,
  values: ReadonlyMap<string, Value>,
): Machine {
  const ofSide = (state: StateDef): boolean => state.side === side;
  return {
    host,
    program,
    stores: new Map(program.states.filter(ofSide).map((state) => [state.scope, newStore(state.fields)])),
    feedback: newStore(program.feedback),
    params: new Map(
      program.params.map((param) => [
        param.name,
        {
          value: paramValue(param, values, host),
        },
      ]),
    ),
    counters: new Map(program.counters.map((counter) => [counter.name, new Map<number, Num>()])),
    histograms: new Map(program.histograms.map((histogram) => [histogram.name, new Map<number, Samples>()])),
    changes: { count: 0 },
    hits: { starts: [], counts: new Float64Array(64), branches: [], ways: new Float64Array(64), wayCount: 0 },
  };
}

/** CPUs that the machine cannot have are in no mask. */
function paramValue({ name, type, value }: ParamDef, values: ReadonlyMap<string, Value>, host: Host): Value {
  const mask = type.kind === 'cpumask';
  const chosen = values.has(name) ? values.get(name) : valueOf(value, mask);
  return mask && typeof chosen === 'bigint' ? chosen & host.allCpus() : chosen;
}

/** Makes a counter for the statement that begins at `start`; gives its index in `counts`. */
export function countStatement(hits: Hits, start: number): number {
  const index = hits.starts.push(start) - 1;
  if (index >= hits.counts.length) hits.counts = grown(hits.counts);
  return index;
}

/** Makes counters for the `ways` of the branch that begins at `start`; gives the first one's index in `ways`. */
export function countBranch(hits: Hits, start: number, ways: number): number {
  const first = hits.wayCount;
  hits.branches.push({ start, first, ways });
  hits.wayCount += ways;
  while (hits.wayCount > hits.ways.length) hits.ways = grown(hits.ways);
  return first;
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Adds `amount` to the counter of `entity`. */
export function addTo(counter: Map<number, Num>, entity: number, amount: Num): void {
  const old = counter.get(entity) ?? 0;
  const sum = typeof old === 'number' && typeof amount === 'number' ? old + amount : undefined;
  if (sum !== undefined && sum <= Number.MAX_SAFE_INTEGER) counter.set(entity, sum);
  else counter.set(entity, u64(BigInt(old) + BigInt(amount)));
}

/** The samples of `entity`, made where there are none. */
export function samplesOf(histogram: Map<number, Samples>, entity: number): Samples {
  let samples = histogram.get(entity);
  if (!samples) histogram.set(entity, (samples = newSamples()));
  return samples;
}
