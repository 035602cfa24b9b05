import { TASK_STATE } from '../kinds.ts';
import { numericState } from '../payload.ts';
import { LETTER_STATES } from '../payload-sched.ts';
import type { EventFormat } from './event-format.ts';

/** Worked out beforehand: the event reports none above TASK_REPORT_MAX, 0x100, since 4.14 (include/linux/sched.h). */
const USUAL_STATES = 1024;

/**
 * How to get the bits of TASK_STATE from a recorded `prev_state`: by the letters that the recording kernel prints for
 * its bits, which changed with 4.14. A bit above those with a letter means preempted (the `+`).
 */
export function taskStates({ print }: EventFormat): (recorded: number) => number {
  const call = print.split('__print_flags(REC->prev_state')[1] ?? '';
  const bits = [...call.matchAll(/\{\s*(\w+)\s*,\s*"(\w)"\s*\}/g)].map(
    ([, bit, letter]) => [Number(bit), LETTER_STATES[letter!.charCodeAt(0)]!] as const,
  );
  if (bits.length === 0 || bits.some(([bit]) => !Number.isInteger(bit))) return numericState;
  const known = bits.reduce((all, [bit]) => all | bit, 0);
  const stateOf = (recorded: number): number => {
    const named = bits.reduce((all, [bit, state]) => all | ((recorded & bit) === 0 ? 0 : state), 0);
    return recorded < 0 || (recorded & ~known) !== 0 ? named | TASK_STATE.preempted : named;
  };
  const states = Uint16Array.from({ length: USUAL_STATES }, (_, recorded) => stateOf(recorded));
  return (recorded) => (recorded >= 0 && recorded < USUAL_STATES ? states[recorded]! : stateOf(recorded));
}
