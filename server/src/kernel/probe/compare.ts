import type { HookRow } from '../catalogue.ts';
import { heldLocks, type LockClass } from '../locks.ts';
import type { Measured } from './measured.ts';
import { PROBED } from './program.ts';

/** What a measurement says of one row of the catalogue. */
export interface Compared {
  readonly row: HookRow;
  /** Absent where the kernel has no such tracepoint. */
  readonly measured: Measured | undefined;
  readonly verdict: 'confirmed' | 'contradicted' | 'few events' | 'not fired' | 'not here';
  /** Facts that were held against what was seen, each with what came of it. */
  readonly facts: readonly Fact[];
}

export interface Fact {
  readonly what: 'rq lock' | 'pi_lock' | 'interrupts' | 'context' | 'preemption' | 'vCPU';
  readonly ok: boolean;
  /** 'catalogue: never held; seen held in 100 % of 2,024 events'. */
  readonly text: string;
}

/** Fewer events say nothing about shares. */
const ENOUGH = 20;
/** A lock is seen to be held, not by whom: another CPU may have it. Above and below these shares it is a fact. */
const MOSTLY = 0.8;
const NOISE = 0.3;

/** Holds what was measured against the catalogue, tracepoint by tracepoint. */
export function compare(measured: readonly Measured[]): readonly Compared[] {
  const byName = new Map(measured.map((one) => [one.name, one]));
  // Kernels up to 7.0 or so switch preemption off around every program of a tracepoint; seen everywhere, it says nothing.
  const always = measured.every(({ countKnown, unpreemptible }) => unpreemptible === countKnown);
  return PROBED.map(({ row }) => compareRow(row, byName.get(row.name), always));
}

function compareRow(row: HookRow, measured: Measured | undefined, preemptionOff: boolean): Compared {
  if (measured === undefined) return { row, measured, verdict: 'not here', facts: [] };
  if (measured.events === 0) return { row, measured, verdict: 'not fired', facts: [] };
  const facts = [
    ...runQueue(row, measured),
    ...piLock(row, measured),
    ...interrupts(row, measured),
    ...context(row, measured),
    ...preemption(row, measured, preemptionOff),
    ...vcpu(row, measured),
  ];
  if (facts.some(({ ok }) => !ok)) return { row, measured, verdict: 'contradicted', facts };
  return { row, measured, verdict: measured.events < ENOUGH ? 'few events' : 'confirmed', facts };
}

/** 'always', at some places, or never, by the catalogue; undefined: whatever the caller holds. */
function claimed(row: HookRow, kind: LockClass, named: RegExp): 'always' | 'sometimes' | 'never' | undefined {
  const locks = heldLocks(row).filter((lock) => lock.class === kind);
  if (locks.some(({ always, lock }) => always && named.test(lock))) return 'always';
  if (locks.length > 0) return 'sometimes';
  return heldLocks(row).some((lock) => lock.class === 'any') ? undefined : 'never';
}

function lockFact(
  what: 'rq lock' | 'pi_lock',
  claim: 'always' | 'sometimes' | 'never' | undefined,
  held: number,
  known: number,
): readonly Fact[] {
  if (claim === undefined || known < ENOUGH) return [];
  const share = held / known;
  const ok = claim === 'always' ? share >= MOSTLY : claim === 'never' ? share <= NOISE : true;
  return [
    { what, ok, text: `catalogue: ${claim} held; seen held in ${percent(held, known)} of ${known} events` },
  ];
}

/** The lock of a run queue: of this CPU, or of the task's, where the catalogue names one of them. */
function runQueue(row: HookRow, seen: Measured): readonly Fact[] {
  const [held, known] =
    seen.taskKnown > 0 && seen.taskRqHeld > seen.rqHeld
      ? [seen.taskRqHeld, seen.taskKnown]
      : [seen.rqHeld, seen.rqKnown];
  return lockFact('rq lock', claimed(row, 'rq', /this_cpu|task_cpu/), held, known);
}

const piLock = (row: HookRow, seen: Measured): readonly Fact[] =>
  lockFact('pi_lock', claimed(row, 'pi', /./), seen.piHeld, seen.taskKnown);

/** Interrupts are exact: the flag is this CPU's own. */
function interrupts({ irqs }: HookRow, { irqsKnown, irqsOff }: Measured): readonly Fact[] {
  if (irqsKnown === 0 || (irqs !== 'disabled' && irqs !== 'enabled')) return [];
  const ok = irqs === 'disabled' ? irqsOff === irqsKnown : irqsOff === 0;
  const text = `catalogue: ${irqs}; seen off in ${percent(irqsOff, irqsKnown)} of ${irqsKnown} events`;
  return [{ what: 'interrupts', ok, text }];
}

/** What may interrupt what: an interrupt may find a soft interrupt under way, and its entry is not counted as one yet. */
const OUTER = { softirq: ['softirq', 'hardirq', 'nmi'], hardirq: ['hardirq', 'nmi'], nmi: ['nmi'] } as const;

function context(row: HookRow, seen: Measured): readonly Fact[] {
  if (seen.countKnown === 0) return [];
  const contexts = row.contexts.split(' ');
  const other = (['softirq', 'hardirq', 'nmi'] as const).filter(
    (one) => seen[one] > 0 && !OUTER[one].some((outer) => contexts.includes(outer)),
  );
  const text =
    other.length === 0
      ? `only in ${row.contexts.replaceAll(' ', ', ')}`
      : `catalogue: ${row.contexts.replaceAll(' ', ', ')}; seen ${other.map((one) => `in ${one} ${percent(seen[one], seen.countKnown)}`).join(', ')}`;
  return [{ what: 'context', ok: other.length === 0, text }];
}

function preemption({ preempt }: HookRow, seen: Measured, always: boolean): readonly Fact[] {
  if (seen.countKnown === 0 || preempt !== 'disabled') return [];
  const off = always ? seen.nested : seen.unpreemptible;
  // Interrupts off keep preemption off as well, with nothing in the count.
  if (always || seen.irqsOff === seen.irqsKnown) return [];
  return [
    {
      what: 'preemption',
      ok: off + seen.irqsOff + seen.hardirq + seen.softirq + seen.nmi >= seen.countKnown,
      text: `catalogue: disabled; seen off in ${percent(off, seen.countKnown)} of ${seen.countKnown} events`,
    },
  ];
}

/** Only what is said for sure can be wrong. That it is always a vCPU thread needs one that has run a guest before. */
function vcpu(row: HookRow, seen: Measured): readonly Fact[] {
  if (!/^no\b/.test(row.vcpu)) return [];
  const text = `catalogue: never a vCPU thread; seen one in ${seen.vcpu} of ${seen.events} events`;
  return [{ what: 'vCPU', ok: seen.vcpu === 0, text }];
}

/** '98 %' of a number of events. */
export const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
