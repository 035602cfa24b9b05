import { PROBED } from './program.ts';

/** What was seen at a tracepoint: numbers of events, as `struct seen` of the probe has them. */
export interface Measured {
  readonly name: string;
  readonly events: number;
  readonly rqKnown: number;
  readonly rqHeld: number;
  readonly taskKnown: number;
  readonly taskRqHeld: number;
  readonly piHeld: number;
  readonly irqsKnown: number;
  readonly irqsOff: number;
  readonly countKnown: number;
  readonly unpreemptible: number;
  readonly nested: number;
  readonly softirq: number;
  readonly hardirq: number;
  readonly nmi: number;
  readonly vcpu: number;
}

const FIELDS = [
  ...['events', 'rqKnown', 'rqHeld', 'taskKnown', 'taskRqHeld', 'piHeld', 'irqsKnown', 'irqsOff'],
  ...['countKnown', 'unpreemptible', 'nested', 'softirq', 'hardirq', 'nmi', 'vcpu'],
] as const;

/** The lines of the probe, `SEEN name number…`; others are passed over. */
export function readMeasured(output: string): readonly Measured[] {
  const known = new Set(PROBED.map(({ row }) => row.name));
  return output.split('\n').flatMap((line) => {
    const [word, name, ...rest] = line.trim().split(' ');
    const numbers = rest.map(Number);
    if (word !== 'SEEN' || name === undefined || !known.has(name)) return [];
    if (numbers.length !== FIELDS.length || !numbers.every(Number.isSafeInteger)) return [];
    const fields = Object.fromEntries(FIELDS.map((field, i) => [field, numbers[i]]));
    return [{ name, ...fields } as unknown as Measured];
  });
}
