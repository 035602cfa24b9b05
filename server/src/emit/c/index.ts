import { LineIndex } from '../../../../grammar/text.ts';
import type { Program } from '../../ir/ir.ts';
import { headerText } from './header.ts';
import { PVSCHED_HEADER, pvschedText } from './pvsched.ts';
import { schedExtText } from './sched-ext.ts';
import { tracingText } from './tracing.ts';
import { createUnit, type Unit } from './unit.ts';

export interface OutputFile {
  readonly name: string;
  readonly text: string;
}

export interface EmitOptions {
  /** What the policy's file is called, in comments and `#line`. */
  readonly sourceName: string;
  /** The policy's text: which line an offset is on. */
  readonly source: string;
}

/**
 * The C of a policy: BPF programs, the header that they share with user space, loader or agent, and a Makefile. Equal
 * input gives equal bytes. Only for programs without errors.
 */
export function emitC(program: Program, options: EmitOptions): readonly OutputFile[] {
  const index = new LineIndex(options.source);
  const unit = createUnit(program, 'host', (offset) => index.lineAt(offset) + 1);
  const main = targetText(unit, options.sourceName);
  return [
    { name: `${program.name}.bpf.c`, text: main },
    { name: `${program.name}.h`, text: headerText(unit, options.sourceName) },
    ...(program.target === 'pvsched' ? [{ name: 'pvsched.h', text: PVSCHED_HEADER }] : []),
  ];
}

function targetText(unit: Unit, sourceName: string): string {
  switch (unit.program.target) {
    case 'tracing':
      return tracingText(unit, sourceName);
    case 'pvsched':
      return pvschedText(unit, sourceName);
    case 'sched_ext':
      return schedExtText(unit, sourceName);
  }
}
