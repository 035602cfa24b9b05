import { LineIndex } from '../../../../grammar/text.ts';
import type { Program } from '../../ir/ir.ts';
import type { KernelView } from '../../semantics/kernel-view.ts';
import { agentText } from './agent/index.ts';
import { guestLoaderText, guestText } from './guest.ts';
import { headerText } from './header.ts';
import { makefileText } from './makefile.ts';
import { remarksOf } from './printer.ts';
import { PVSCHED_HEADER, pvschedText } from './pvsched.ts';
import { schedExtText } from './sched-ext.ts';
import { tracingText } from './tracing.ts';
import { createUnit, type Unit } from './unit.ts';

export { checkC } from './check.ts';

export interface OutputFile {
  readonly name: string;
  readonly text: string;
}

export interface EmitOptions {
  /** What the policy's file is called, in comments and `#line`. */
  readonly sourceName: string;
  /** The policy's text: which line an offset is on. */
  readonly source: string;
  /** The kernel that the policy was checked against, where it is not one of the catalogue alone. */
  readonly kernel?: KernelView;
  /** Functions of an out-of-tree kernel that do an action at once, by the action. */
  readonly delivers?: Readonly<Record<string, string>>;
}

/**
 * The C of a policy: BPF programs, the header that they share with user space, loader or agent, and a Makefile. Equal
 * input gives equal bytes. Only for programs without errors.
 */
export function emitC(program: Program, options: EmitOptions): readonly OutputFile[] {
  const { sourceName, source, kernel, delivers } = options;
  const { name } = program;
  const index = new LineIndex(source);
  const text = {
    lineOf: (offset: number): number => index.lineAt(offset) + 1,
    remarks: remarksOf(source),
  };
  const unit = createUnit(program, 'host', text, kernel, delivers);
  const guest = program.guest && createUnit(program, 'guest', text);
  const main = targetText(unit, sourceName);
  const guestMain = guest && guestText(guest, sourceName);
  return [
    { name: `${name}.bpf.c`, text: main },
    { name: `${name}.h`, text: headerText(guest ? [unit, guest] : [unit], sourceName) },
    { name: `${name}.c`, text: agentText(unit, sourceName) },
    ...(guest && guestMain !== undefined
      ? [
          { name: `${name}.guest.bpf.c`, text: guestMain },
          { name: `${name}.guest.c`, text: guestLoaderText(guest, sourceName) },
        ]
      : []),
    ...(program.target === 'pvsched' ? [{ name: 'pvsched.h', text: PVSCHED_HEADER }] : []),
    { name: 'Makefile', text: makefileText(program, sourceName) },
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
