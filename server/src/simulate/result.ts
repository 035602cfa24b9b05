import type { Summary } from './quantiles.ts';
import type { Expectation } from './expect.ts';
import type { VmMetrics } from './metrics.ts';
import type { Plain } from './recorder.ts';

/** What a replay found. Plain data in a fixed order: the same trace and policy give the same bytes. Lines count from 1. */
export interface ReplayResult {
  readonly policy: string;
  readonly scenario: string | null;
  readonly trace: { readonly events: number; readonly duration_ns: number; readonly cpus: number };
  /** Handlers in the order of the policy. */
  readonly hooks: readonly { readonly hook: string; readonly line: number; readonly fired: number }[];
  /** Every line on which a statement or an arm of a `match` begins, also those that never ran: how often it did. */
  readonly lines: readonly { readonly line: number; readonly hits: number }[];
  /** Each `if` (then, else), `if let` and `match` (one an arm, then none of them): how often each way was taken. */
  readonly branches: readonly Branch[];
  readonly decisions: readonly Decision[];
  /** Decisions beyond the bound, which are only counted. */
  readonly decisions_dropped: number;
  /** How often each action was asked for, the dropped ones included. */
  readonly actions: Readonly<Record<string, number>>;
  readonly boosts: readonly BoostSpan[];
  readonly counters: readonly CounterResult[];
  readonly histograms: readonly HistogramResult[];
  readonly logs: readonly LogLine[];
  readonly logs_dropped: number;
  readonly invariants: readonly InvariantResult[];
  readonly expectations: readonly Expectation[];
  /** The recorded schedule, by VM. */
  readonly recorded: readonly VmMetrics[];
  /** What the policy asked for that the trace does not tell, and what was taken instead. */
  readonly unknown: readonly { readonly what: string; readonly taken: string }[];
}

interface Branch {
  readonly line: number;
  readonly taken: readonly number[];
  /** Of a `match`. */
  readonly arms?: readonly Arm[];
}

/** Where an arm of a `match` begins, and its patterns as they are written. */
export interface Arm {
  readonly line: number;
  readonly pattern: string;
}

/** When and where something happened. */
interface Happening {
  /** ns of the trace's clock; rounded where that is beyond 2^53. */
  readonly t: number;
  /** The same, exactly, as the trace prints it: `seconds.microseconds`. */
  readonly time: string;
  readonly cpu: number;
  readonly hook: string;
  /** Line of the statement; of the hook where it is the hook's own result. */
  readonly line: number;
}

export interface Decision extends Happening {
  readonly action: string;
  readonly deferred: boolean;
  /** `comm-tid`, as ftrace writes threads; the name of a VM, queue or event; `cpu N`. */
  readonly target: string;
  /** Of a thread. */
  readonly tid: number | null;
  /** The VM that the target is or belongs to. */
  readonly vm: string | null;
  readonly args: Readonly<Record<string, Plain>>;
  /** `args` for people: `class: FIFO, prio: 8, for: 5ms`. */
  readonly words: string;
  /** State of the target, of its VM, and global, when it was asked for. */
  readonly state: Readonly<Record<string, Plain>>;
}

/** A stretch in which a thread was boosted, in ns of the trace's clock. */
export interface BoostSpan {
  readonly target: string;
  readonly tid: number;
  readonly vm: string | null;
  readonly from: number;
  /** null: still in force at the end of the trace. */
  readonly to: number | null;
  readonly ended: 'unboost' | 'expiry' | null;
  readonly class: string;
  readonly prio: number;
}

export interface CounterResult {
  readonly name: string;
  readonly per: string;
  /** By the entity; one with an empty name where it is kept for everything. */
  readonly values: readonly { readonly of: string; readonly value: number }[];
}

export interface HistogramResult {
  readonly name: string;
  readonly per: string;
  readonly unit: string;
  readonly values: readonly ({ readonly of: string; readonly buckets: readonly Bucket[] } & Summary)[];
}

/** Values from `from` up to, not including, twice that; those of 0 are in the bucket from 0. */
export interface Bucket {
  readonly from: number;
  readonly count: number;
}

export interface LogLine extends Happening {
  readonly text: string;
}

export interface InvariantResult {
  readonly name: string;
  readonly line: number;
  readonly ok: boolean;
  /** The first time for each entity. */
  readonly violations: readonly {
    readonly t: number;
    readonly time: string;
    /** Line of the condition that failed. */
    readonly line: number;
    readonly entities: readonly string[];
  }[];
}
