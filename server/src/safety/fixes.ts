import type { PolicyFile } from '../../../grammar/ast.ts';
import type { Fix, Span } from '../diagnostics/diagnostic.ts';
import type { Model } from '../semantics/model.ts';
import { inOp } from './rewrites.ts';

/** Leaves the kernels without it out: writes `requires kernel >= VERSION` into the header. */
export function requireKernel(file: PolicyFile, version: string | undefined): readonly Fix[] {
  const { header } = file;
  if (header === undefined || version === undefined || header.target.text === '') return [];
  const clause = `requires kernel >= ${version}`;
  const at = header.target.span.end;
  const edit =
    header.requires === undefined
      ? { span: { start: at, end: at }, newText: ` ${clause}` }
      : { span: header.requires.span, newText: clause };
  return [{ title: `Require kernel ${version}`, edits: [edit] }];
}

/** Writes `defer` before a call. */
export const deferCall = (span: Span): readonly Fix[] => [
  { title: "Add 'defer'", edits: [{ span: { start: span.start, end: span.start }, newText: 'defer ' }] },
];

/** Replaces a name by today's. */
export const renameTo = (span: Span, name: string): readonly Fix[] => [
  { title: `Change to '${name}'`, edits: [{ span, newText: name }] },
];

/** Takes tasks from the queue in `dispatch`, which is added where the policy has none. */
export const addDispatch = (model: Pick<Model, 'file' | 'handlers'>, queue: string): readonly Fix[] => [
  {
    title: `Take tasks from ${queue} in 'dispatch'`,
    edits: inOp(model, 'dispatch', `scx_bpf_dsq_move_to_local(${queue})`),
  },
];

/** Uses the CPU's queue only for a task that may run there. */
export const testAffinity = (queue: Span, task: string, cpu: string): readonly Fix[] => [
  {
    title: `Test 'can_run_on(${task}, ${cpu})'`,
    edits: [{ span: queue, newText: `can_run_on(${task}, ${cpu}) ? local_on(${cpu}) : LOCAL` }],
  },
];

/** Runs the call in a timer, where no lock is held; `statement` is all that is left out of the hook. */
export function moveToTimer(file: PolicyFile, statement: Span, text: string): readonly Fix[] {
  const end = file.decls.at(-1)?.span.end;
  if (end === undefined) return [];
  return [
    {
      title: "Move to 'every 10ms'",
      edits: [
        { span: statement, newText: '' },
        { span: { start: end, end }, newText: `\n\nevery 10ms {\n    ${text}\n}` },
      ],
    },
  ];
}
