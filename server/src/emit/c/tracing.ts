import type { Handler } from '../../ir/ir.ts';
import { handlerLines, handlerName, handlerNames } from './handlers.ts';
import { generated, type Line } from './printer.ts';
import { programText } from './program.ts';
import { startTimers, timerLines, timersOf, withPointers } from './timers.ts';
import { forgettingLines, handlersOf, selfOf, trackingLines } from './tracking.ts';
import { isOld, MODERN_TRACING } from './old-kernels.ts';
import type { Unit } from './unit.ts';

/** NAME.bpf.c for the target tracing: a program for each tracepoint; the agent acts. */
export function tracingText(unit: Unit, sourceName: string): string {
  return programText(unit, `${unit.program.name}.bpf.c`, sourceName, {
    needs: `Runs on kernels with BTF from ${isOld(unit) ? '6.1' : MODERN_TRACING} on. Actions are done by the agent.`,
    before: () => trackingLines(unit),
    handlers: () => [...tracepointLines(unit), ...timerLines(unit), ...lifeLines(unit)],
    after: () => forgettingLines(unit),
  });
}

/** A program for each handler of a tracepoint, attached by BTF. */
export function tracepointLines(unit: Unit): Line[] {
  const names = handlerNames(unit, (handler) => `on_${handler.hook.name}`);
  return handlersOf(unit, 'tracepoint').flatMap((handler) => {
    const name = names.get(handler) ?? '';
    return handlerLines(unit, handler, {
      section: `SEC("tp_btf/${handler.hook.name}")`,
      head: (params) => `int BPF_PROG(${[name, ...params].join(', ')})`,
      ...selfOf(unit, handler),
      plainReturn: 'return 0',
      last: 'return 0;',
    });
  });
}

/** The policy's `on init` and `on exit` as plain functions. */
export function lifeFunctions(
  unit: Unit,
  family: 'init' | 'exit',
): { readonly lines: Line[]; readonly calls: string[] } {
  const handlers = handlersOf(unit, family);
  const name = (i: number): string => handlerName(unit, `on_${family}${i === 0 ? '' : `_${i + 1}`}`);
  const one = (handler: Handler, i: number): Line[] =>
    handlerLines(unit, handler, {
      section: undefined,
      head: () => `static void ${name(i)}(void)`,
      plainReturn: 'return',
    });
  return {
    lines: handlers.flatMap(one),
    calls: handlers.flatMap((handler, i) => withPointers(unit, handler, `${name(i)}();`)),
  };
}

/** Programs that the agent runs once before it attaches the others, and once after it has detached them. */
export function lifeLines(unit: Unit): Line[] {
  const init = lifeFunctions(unit, 'init');
  const exit = lifeFunctions(unit, 'exit');
  const start =
    init.calls.length + timersOf(unit).length === 0
      ? []
      : syscallProgram('pv_start', 'The agent runs it once, before it attaches the others.', [
          ...(timersOf(unit).length > 0 ? ['int err;', ''] : []),
          ...init.calls,
          ...startTimers(unit),
        ]);
  const stop =
    exit.calls.length === 0
      ? []
      : syscallProgram('pv_stop', 'The agent runs it once, after it has detached the others.', exit.calls);
  return [...init.lines, ...exit.lines, ...generated(...start, ...stop)];
}

const syscallProgram = (name: string, doc: string, lines: readonly string[]): string[] => [
  `/* ${doc} */`,
  'SEC("syscall")',
  `int ${name}(void *ctx)`,
  '{',
  ...lines.map((line) => (line === '' ? '' : `\t${line}`)),
  '\treturn 0;',
  '}',
  '',
];
