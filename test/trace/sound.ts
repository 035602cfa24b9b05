import { expect } from 'vitest';
import type { Trace, TraceResult } from '../../server/src/trace/columns.ts';
import { KINDS } from '../../server/src/trace/kinds.ts';
import { findVms } from '../../server/src/trace/vms.ts';
import { eventsOf } from './support.ts';

/** What holds of every result, whatever was read. */
export function checkSound(result: TraceResult, bytes: number): void {
  expect(result.ok || result.error.message !== '').toBe(true);
  if (result.ok) checkTrace(result.trace, bytes);
}

function checkTrace(trace: Trace, bytes: number): void {
  expect(trace.length).toBeLessThanOrEqual([...trace.counts.values()].reduce((sum, count) => sum + count, 0));
  expect(trace.notes.length).toBeLessThanOrEqual(25);
  expect(trace.cpuStart).toHaveLength(trace.cpus);
  expect(trace.durationNs).toBeGreaterThanOrEqual(0);
  for (const note of trace.notes) expect(note.offset).toBeLessThanOrEqual(bytes);
  expect(trace.kind.every((kind) => kind < KINDS.length)).toBe(true);
  expect(trace.cpu.every((cpu) => cpu < trace.cpus)).toBe(true);
  expect(trace.time.every((time, row) => time >= (trace.time[row - 1] ?? 0))).toBe(true);
  const values = eventsOf(trace).flatMap(({ fields }) => Object.values(fields));
  expect(values.every((value) => typeof value === 'string' || Number.isFinite(value))).toBe(true);
  for (const vm of findVms(trace)) expect(vm.vcpus.length).toBeGreaterThan(0);
}
