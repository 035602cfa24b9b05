import type { Span } from '../../diagnostics/diagnostic.ts';
import type { ParamDef, Program, StateDef } from '../../ir/ir.ts';
import type { Scope } from '../../semantics/model.ts';
import { valueOf, type Host, type Value } from './host.ts';
import { u64, type Num } from './number.ts';
import { PerEntity } from './per-entity.ts';
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
  readonly counters: ReadonlyMap<string, PerEntity<Count>>;
  readonly histograms: ReadonlyMap<string, PerEntity<Samples>>;
  readonly hits: Hits;
  /** How often state or a counter may have changed. */
  readonly changes: { count: number };
}

export interface Count {
  value: Num;
}

/** How often each statement ran and each branch was taken. */
export interface Hits {
  /** Where each statement begins, and which of the `counts` is its own: those that run one after the other share one. */
  readonly statements: { readonly start: number; readonly count: number }[];
  counts: Float64Array;
  countCount: number;
  /** Where each `if`, `if let` and `match` begins, with the indices of its ways in `ways`; of a `match` the patterns of each arm. */
  readonly branches: {
    readonly start: number;
    readonly first: number;
    readonly ways: number;
    readonly arms: readonly Span[];
  }[];
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
    counters: new Map(program.counters.map(({ name }) => [name, new PerEntity((): Count => ({ value: 0 }))])),
    histograms: new Map(program.histograms.map(({ name }) => [name, new PerEntity(newSamples)])),
    changes: { count: 0 },
    hits: {
      statements: [],
      counts: new Float64Array(64),
      countCount: 0,
      branches: [],
      ways: new Float64Array(64),
      wayCount: 0,
    },
  };
}

/** CPUs that the machine cannot have are in no mask. */
function paramValue({ name, type, value }: ParamDef, values: ReadonlyMap<string, Value>, host: Host): Value {
  const mask = type.kind === 'cpumask';
  const chosen = values.has(name) ? values.get(name) : valueOf(value, mask);
  return mask && typeof chosen === 'bigint' ? chosen & host.allCpus() : chosen;
}

/** Makes one counter for the statements that begin at `starts`; gives its index in `counts`. */
export function countStatements(hits: Hits, starts: readonly number[]): number {
  const count = hits.countCount++;
  for (const start of starts) hits.statements.push({ start, count });
  if (count >= hits.counts.length) hits.counts = grown(hits.counts);
  return count;
}

/**
 * Makes counters for the `ways` of the branch that begins at `start`; gives the first one's index in `ways`. `arms`: the
 * patterns of a `match`.
 */
export function countBranch(hits: Hits, start: number, ways: number, arms: readonly Span[] = []): number {
  const first = hits.wayCount;
  hits.branches.push({ start, first, ways, arms });
  hits.wayCount += ways;
  while (hits.wayCount > hits.ways.length) hits.ways = grown(hits.ways);
  return first;
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

export function addTo(count: Count, amount: Num): void {
  const old = count.value;
  const sum = typeof old === 'number' && typeof amount === 'number' ? old + amount : undefined;
  count.value = sum !== undefined && sum <= Number.MAX_SAFE_INTEGER ? sum : u64(BigInt(old) + BigInt(amount));
}
