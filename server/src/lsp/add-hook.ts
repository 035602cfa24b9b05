import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { HookFamily } from '../semantics/kernel-view.ts';
import type { Target } from '../semantics/model.ts';
import { toEdit } from './convert.ts';

/** The hooks that a policy of each target starts from, in the order of a life. */
const USUAL: Readonly<Record<Target, readonly (readonly [HookFamily, string])[]>> = {
  sched_ext: [
    ['op', 'select_cpu'],
    ['op', 'enqueue'],
    ['op', 'dispatch'],
    ['op', 'running'],
    ['op', 'stopping'],
    ['op', 'enable'],
  ],
  pvsched: [
    ['pvsched', 'vmenter'],
    ['pvsched', 'vmexit'],
    ['pvsched', 'halt'],
    // In the place of intr_inj, which the patch set declares and never calls.
    ['tracepoint', 'kvm_inj_virq'],
  ],
  tracing: [
    ['tracepoint', 'sched_switch'],
    ['tracepoint', 'sched_wakeup'],
    ['tracepoint', 'kvm_entry'],
    ['tracepoint', 'kvm_exit'],
  ],
};

/**
 * The least that a callback has to do, by the kernel's names of its parameters (include/linux/sched/ext.h and kernel/sched/
 * ext.c, 6.12): select_cpu answers with a CPU, here with the one that the kernel would take, and enqueue keeps no task.
 */
const BODIES: Readonly<Record<string, readonly string[]>> = {
  select_cpu: ['let (cpu, _) = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags)', 'return cpu'],
  enqueue: ['scx_bpf_dsq_insert(p, GLOBAL, SCX_SLICE_DFL, enq_flags)'],
};

/** With the cursor in the header: adds a usual hook of the target that the policy lacks, with the kernel's parameters. */
export function addHook(snapshot: Snapshot, uri: string, { start, end }: Span): readonly CodeAction[] {
  const { model, file, text } = snapshot;
  const { header } = file;
  if (!header || !model.target || start < header.span.start || end > header.span.end) return [];
  const has = (family: HookFamily, name: string): boolean =>
    model.handlers.some(({ hook, side }) => side === 'host' && hook?.family === family && hook.name === name);
  return USUAL[model.target].flatMap(([family, name]) => {
    const hook = has(family, name) ? undefined : model.kernel.hook(family, name);
    if (hook === undefined) return [];
    const title = `${family} ${hook.system === '' ? '' : `${hook.system}:`}${name}`;
    const params = hook.params.map((param) => param.name).join(', ');
    const body = (family === 'op' ? (BODIES[name] ?? []) : []).map((line) => `    ${line}\n`).join('');
    const gap = text.endsWith('\n') ? '\n' : '\n\n';
    const edit = {
      span: { start: text.length, end: text.length },
      newText: `${gap}on ${title}(${params}) {\n${body}}\n`,
    };
    return [
      {
        title: `Add 'on ${title}'`,
        kind: CodeActionKind.RefactorRewrite,
        edit: { changes: { [uri]: [toEdit(snapshot, edit)] } },
      },
    ];
  });
}
