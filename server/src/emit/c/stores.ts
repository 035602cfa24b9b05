import type { Place, Stmt } from '../../ir/ir.ts';
import { atMost, LEVEL, type Body } from './body.ts';
import { exprC, exprText } from './expressions.ts';
import { kfunc } from './kfuncs.ts';
import { placeC } from './places.ts';
import { kernelC } from './kernel-fields.ts';
import { storedText } from './collections.ts';
import type { Line } from './printer.ts';
import { taskC } from './tasks.ts';
import { helper } from './unit.ts';

type Store = Stmt & { kind: 'store' };

const SYMBOLS = { add: '+=', sub: '-=', or: '|=', and: '&=', xor: '^=' } as const;

/** C for a store; BPF has atomic updates for all but the subtraction that stops at zero, which a helper loops for. */
export function storeLines(body: Body, stmt: Store): Line[] {
  const one = (text: string): Line[] => [{ text, origin: body.line }];
  const { place, op, value } = stmt;
  const kernel = place.kind === 'kernel' ? kernelStore(body, place, stmt) : undefined;
  if (kernel !== undefined) return kernel;
  const target = placeC(body, place);
  if (op === 'set')
    return one(`${target} = ${place.kind === 'state' ? storedText(body, value) : exprText(body, value)};`);
  const amount = exprC(body, value);
  if (stmt.saturate) {
    if (stmt.atomic) return one(`${helper(body.unit, 'pv_atomic_sub_sat')}(&${target}, ${amount.text});`);
    return one(`${target} = ${helper(body.unit, 'pv_sub_sat')}(${target}, ${amount.text});`);
  }
  if (stmt.atomic) return one(`__sync_fetch_and_${op}(&${target}, ${amount.text});`);
  if ((op === 'add' || op === 'sub') && amount.text === '1')
    return one(`${target}${op === 'add' ? '++' : '--'};`);
  return one(`${target} ${SYMBOLS[op]} ${atMost(amount, LEVEL.conditional)};`);
}

const SETTERS: Readonly<Record<string, string>> = {
  'scx.slice': 'scx_bpf_task_set_slice',
  'scx.dsq_vtime': 'scx_bpf_task_set_dsq_vtime',
};

/** A store to a field of the kernel: by its kfunc where it has one, else directly. */
function kernelStore(body: Body, place: Place & { kind: 'kernel' }, stmt: Store): Line[] {
  const line = (text: string): Line => ({ text, origin: body.line });
  const setter = SETTERS[place.path.join('.')];
  const value = combined(body, place, stmt);
  const task = taskC(body, place.object);
  const [guard] = task.guards ?? [];
  const text =
    setter === undefined
      ? `${kernelC(body, place.object, place.path).text} = ${value};`
      : `${kfunc(body.unit, setter)}(${task.text}, ${value});`;
  return guard === undefined ? [line(text)] : [line(`if (${guard})`), line(`\t${text}`)];
}

function combined(body: Body, place: Place & { kind: 'kernel' }, stmt: Store): string {
  const value = exprC(body, stmt.value);
  if (stmt.op === 'set') return value.text;
  const old = atMost(kernelC(body, place.object, place.path), LEVEL.unary);
  if (stmt.saturate) return `${helper(body.unit, 'pv_sub_sat')}(${old}, ${value.text})`;
  return `${old} ${SYMBOLS[stmt.op].slice(0, -1)} ${atMost(value, LEVEL.unary)}`;
}
