import type { IrType, Program } from '../../ir/ir.ts';
import { className } from './classes.ts';
import type { Host, Value } from './host.ts';
import { members } from './masks.ts';

/** A value as people read it: `500us`, `FIFO`, the name of an enum's member. */
export function showValue(value: Value, type: IrType, program: Program): string {
  if (value === undefined) return 'none';
  switch (type.kind) {
    case 'int':
      return showNumber(value, type, program);
    case 'cpumask':
      return showMask(typeof value === 'bigint' ? value : 0n);
    case 'optional':
      return showValue(value, type.inner, program);
    default:
      return String(value);
  }
}

function showNumber(value: Value, type: IrType & { kind: 'int' }, program: Program): string {
  const { unit } = type;
  if (typeof unit !== 'string') {
    if ('flags' in unit) return `0x${BigInt(Number(value)).toString(16)}`;
    const members = program.enums.find(({ name }) => name === unit.enum)?.members;
    return members?.find((member) => String(member.value) === String(value))?.name ?? String(value);
  }
  switch (unit) {
    case 'duration':
      return showDuration(Number(value));
    case 'ratio':
      return `${Number(((Number(value) * 100) / 1024).toFixed(1))}%`;
    case 'sched_class':
      return className(Number(value));
    case 'plain':
    case 'instant':
    case 'vtime':
    case 'nice':
    case 'rt_prio':
    case 'weight':
      return String(value);
  }
}

/** ns in the largest unit that leaves at least one whole, with at most three digits behind the point. */
export function showDuration(ns: number): string {
  const units = [
    ['s', 1e9],
    ['ms', 1e6],
    ['us', 1e3],
  ] as const;
  const unit = units.find(([, size]) => Math.abs(ns) >= size);
  return unit ? `${Number((ns / unit[1]).toFixed(3))}${unit[0]}` : `${ns}ns`;
}

/** The CPUs as the kernel lists them: `0,2-3`. */
export function showMask(mask: bigint): string {
  const ranges: string[] = [];
  let from = -1;
  let last = -2;
  const close = (): void => {
    if (last >= 0) ranges.push(from === last ? `${from}` : `${from}-${last}`);
  };
  for (const cpu of members(mask)) {
    if (cpu !== last + 1) {
      close();
      from = cpu;
    }
    last = cpu;
  }
  close();
  return ranges.join(',');
}

/** A value in the text of a `log`: as the generated C prints it, so that both write the same lines. */
export function logText(value: Value, type: IrType, host: Host): string {
  switch (type.kind) {
    case 'bool':
      return value === true ? '1' : '0';
    case 'vm':
      return String(host.vmId(Number(value)));
    case 'task':
      return String(host.taskPid(Number(value)));
    case 'int':
      return type.unit === 'duration' ? `${String(value)}ns` : String(value);
    default:
      return String(value);
  }
}
