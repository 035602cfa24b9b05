import type { Handler } from '../../ir/ir.ts';
import { hookRow } from '../../kernel/catalogue.ts';
import { cType } from './ctypes.ts';
import { dsqName } from './dsq.ts';
import { handlerLines, handlerName } from './handlers.ts';
import { kfunc } from './kfuncs.ts';
import { generated, type Line } from './printer.ts';
import { programText } from './program.ts';
import { maySleep } from './sleep.ts';
import { startTimers, timerLines, withPointers } from './timers.ts';
import { forgettingLines, handlersOf, trackingLines } from './tracking.ts';
import { lifeFunctions, tracepointLines } from './tracing.ts';
import type { Unit } from './unit.ts';

/** The watchdog ejects a scheduler that leaves a task waiting longer; the kernel allows up to 30 s. */
const TIMEOUT_MS = 5000;

const NEEDS = `Runs on kernels with sched_ext (6.12 to 7.3 are known). Its loader needs libbpf 1.3 or newer: older ones know
neither .struct_ops.link nor the names by which renamed kernel functions are reached.`;

/** NAME.bpf.c for the target sched_ext: a struct sched_ext_ops and its operations. */
export function schedExtText(unit: Unit, sourceName: string): string {
  return programText(unit, `${unit.program.name}.bpf.c`, sourceName, {
    needs: NEEDS,
    declarations: () => opsStruct(unit),
    before: () => trackingLines(unit),
    handlers: () => [
      ...tracepointLines(unit),
      ...timerLines(unit),
      ...opLines(unit),
      ...initLines(unit),
      ...exitLines(unit),
    ],
    after: () => [...forgettingLines(unit), ...opsTable(unit)],
  });
}

/** Operations that the policy implements, besides init and exit, which every scheduler here has. */
const opsOf = (unit: Unit): readonly Handler[] =>
  handlersOf(unit, 'op').filter(({ hook }) => hook.name !== 'init' && hook.name !== 'exit');

const opName = (unit: Unit, op: string): string => handlerName(unit, `${unit.program.name}_${op}`);

/** A program that sleeps is one only where it has to: in all others pointers of the kernel stay valid to the end. */
const sectionOf = (unit: Unit, { hook, body }: Handler): string =>
  `SEC("struct_ops${hook.sleepable && maySleep(unit.code, body) ? '.s' : ''}/${hook.name}")`;

function opLines(unit: Unit): Line[] {
  return opsOf(unit).flatMap((handler) => {
    const { hook } = handler;
    const result = cType(
      hook.result.kind === 'cpu'
        ? { kind: 'cpu' }
        : hook.result.kind === 'void'
          ? { kind: 'void' }
          : resultOf(hook.name),
    );
    const gives = result !== 'void';
    return handlerLines(unit, handler, {
      section: sectionOf(unit, handler),
      head: (params) => `${result} BPF_PROG(${[opName(unit, hook.name), ...params].join(', ')})`,
      plainReturn: gives ? 'return 0' : 'return',
      ...(gives && { result, last: 'return 0;' }),
    });
  });
}

const resultOf = (op: string): Parameters<typeof cType>[0] =>
  hookRow('op', op)?.ret === 'bool'
    ? { kind: 'bool' }
    : { kind: 'int', bits: 32, signed: true, unit: 'plain' };

/** The policy's own body of an operation that is merged into a generated one. */
function ownBody(
  unit: Unit,
  op: 'init' | 'exit',
): { readonly lines: Line[]; readonly calls: readonly string[] } {
  const life = lifeFunctions(unit, op);
  const handlers = handlersOf(unit, 'op').filter(({ hook }) => hook.name === op);
  const result = op === 'init' ? 's32' : 'void';
  const lines = handlers.flatMap((handler) =>
    handlerLines(unit, handler, {
      section: undefined,
      head: (params) =>
        `static ${result} on_op_${op}(${params.join(', ') || (op === 'init' ? 'void' : 'struct scx_exit_info *info')})`,
      plainReturn: op === 'init' ? 'return 0' : 'return',
      ...(op === 'init' && { result, last: 'return 0;' }),
    }),
  );
  const calls = handlers.flatMap((handler) =>
    op === 'init'
      ? [...withPointers(unit, handler, 'err = on_op_init();'), 'if (err)', '\treturn err;']
      : withPointers(unit, handler, 'on_op_exit(info);'),
  );
  return { lines: [...life.lines, ...lines], calls: [...life.calls, ...calls] };
}

/** Makes the queues, then runs the policy's own `init`, then starts the timers. */
function initLines(unit: Unit): Line[] {
  const own = ownBody(unit, 'init');
  const { dsqs } = unit.program;
  if (dsqs.length > 0) kfunc(unit, 'scx_bpf_create_dsq');
  const steps = withLastResult([
    ...dsqs.flatMap((dsq) => [
      `err = scx_bpf_create_dsq(${dsqName(unit.program, dsq.name)}, -1);`,
      'if (err)',
      '\treturn err;',
    ]),
    ...own.calls,
    ...startTimers(unit),
    'return 0;',
  ]);
  const lines = steps.some((line) => line.startsWith('err = ')) ? ['s32 err;', '', ...steps] : steps;
  return [
    ...own.lines,
    ...generated(
      'SEC("struct_ops.s/init")',
      `s32 BPF_PROG(${opName(unit, 'init')})`,
      '{',
      ...lines.map((line) => (line === '' ? '' : `\t${line}`)),
      '}',
      '',
    ),
  ];
}

/** Where nothing comes after the last step that may fail, its result is that of all. */
function withLastResult(lines: readonly string[]): readonly string[] {
  const [last = '', ...after] = lines.slice(-4);
  const ends = after.join('') === 'if (err)\treturn err;return 0;' && last.startsWith('err = ');
  return ends ? [...lines.slice(0, -4), last.replace('err =', 'return')] : lines;
}

/** Keeps for the loader why the kernel stopped the scheduler. */
function exitLines(unit: Unit): Line[] {
  const own = ownBody(unit, 'exit');
  for (const field of ['kind', 'exit_code', 'reason', 'msg']) unit.structs.use('scx_exit_info', [field]);
  return [
    ...own.lines,
    ...generated(
      'struct pv_exit pv_exit SEC(".data") = {};',
      '',
      'SEC("struct_ops.s/exit")',
      `void BPF_PROG(${opName(unit, 'exit')}, struct scx_exit_info *info)`,
      '{',
      ...own.calls.map((call) => `\t${call}`),
      '\tbpf_probe_read_kernel_str(pv_exit.reason, sizeof(pv_exit.reason), info->reason);',
      '\tbpf_probe_read_kernel_str(pv_exit.message, sizeof(pv_exit.message), info->msg);',
      '\tpv_exit.code = info->exit_code;',
      '\t/* Last: the loader takes the rest for written once this is not 0. */',
      '\t__sync_lock_test_and_set(&pv_exit.kind, info->kind);',
      '}',
      '',
    ),
  ];
}

/** Members of the struct that the policy sets; libbpf matches them with the kernel's by name. */
function opsStruct(unit: Unit): string[] {
  const members = [...opsOf(unit).map(({ hook }) => hook.name), 'init', 'exit'].map(memberOf);
  for (const text of members) {
    for (const [, struct] of text.matchAll(/struct (\w+)/g))
      if (struct !== undefined) unit.structs.mention(struct);
  }
  return [
    'struct sched_ext_ops {',
    '\tu64 flags;',
    '\tu32 timeout_ms;',
    '\tchar name[128];',
    ...members.map((member) => `\t${member};`),
    '};',
    '',
  ];
}

function memberOf(op: string): string {
  const row = hookRow('op', op);
  if (row === undefined) throw new Error(`no such operation: ${op}`);
  const params = row.params.map(([name, type]) =>
    type.endsWith('*') ? `${type}${name}` : `${type} ${name}`,
  );
  return `${row.ret === 's32 cpu' ? 's32' : (row.ret ?? 'void')} (*${op})(${params.join(', ') || 'void'})`;
}

/**
 * SCX_OPS_KEEP_BUILTIN_IDLE, 1 << 0 since 6.12. With an `update_idle` and without the flag the kernel stops its own record of
 * idle CPUs, and calls that ask it eject the scheduler (kernel/sched/ext_idle.c: scx_idle_enable, check_builtin_idle_enabled).
 * With both it keeps the record and tells the policy too (__scx_update_idle).
 */
const KEEP_IDLE = [
  "\t/* SCX_OPS_KEEP_BUILTIN_IDLE: update_idle is told, and the kernel's own record of idle CPUs goes on. */",
  '\t.flags = 1 << 0,',
];

function opsTable(unit: Unit): Line[] {
  const { name } = unit.program;
  const ops = [...opsOf(unit).map(({ hook }) => hook.name), 'init', 'exit'];
  return generated(
    'SEC(".struct_ops.link")',
    `struct sched_ext_ops ${name}_ops = {`,
    ...ops.map((op) => `\t.${op} = (void *)${opName(unit, op)},`),
    ...(ops.includes('update_idle') ? KEEP_IDLE : []),
    `\t.timeout_ms = ${TIMEOUT_MS},`,
    `\t.name = "${name}",`,
    '};',
    '',
  );
}
