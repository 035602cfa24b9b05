import type { Expr, Place, Stmt } from '../../ir/ir.ts';
import { atMost, freshName, LEVEL, type Body } from './body.ts';
import { exprC, exprText } from './expressions.ts';
import { kfunc } from './kfuncs.ts';
import { hasWords, wordC } from './mask-bits.ts';
import { isLiteral, rangesOf } from './mask-kinds.ts';
import { hasC } from './masks.ts';
import { lonePointer, placeC } from './places.ts';
import { kernelC } from './kernel-fields.ts';
import { storedText } from './collections.ts';
import { indent, type Line } from './printer.ts';
import { bound } from './statements.ts';
import { taskC } from './tasks.ts';
import { helper } from './unit.ts';
import { acts, entityKey } from './walk.ts';

type Store = Stmt & { kind: 'store' };

const SYMBOLS = { add: '+=', sub: '-=', or: '|=', and: '&=', xor: '^=' } as const;

/** C for a store; BPF has atomic updates for all but the subtraction that stops at zero, which a helper loops for. */
export function storeLines(body: Body, stmt: Store): Line[] {
  const one = (text: string): Line[] => [{ text, origin: body.line }];
  const { place, value } = stmt;
  if (place.type.kind === 'cpumask') return maskLines(body, stmt);
  const kernel = place.kind === 'kernel' ? kernelStore(body, place, stmt) : undefined;
  if (kernel !== undefined) return kernel;
  const lone = place.kind === 'state' && !acts(value) ? lonePointer(body, place, 'make') : undefined;
  if (lone === undefined || place.kind !== 'state') return one(storeText(body, stmt, placeC(body, place)));
  const field = body.unit.fields[place.instance.scope].name(place.field);
  const text = storeText(body, stmt, `${lone}->${field}`);
  return [...one(`if (${lone})`), ...indent(one(text))];
}

/** A mask is kept in words, which are changed word by word, CPU by CPU where the kernel is asked, or by the one CPU that is added or taken out. */
function maskLines(body: Body, { place, op, value }: Store): Line[] {
  const line = (text: string): Line => ({ text, origin: body.line });
  if (op === 'add' || op === 'sub') throw new Error('masks are neither added nor subtracted');
  const words = placeC(body, place);
  const word = helper(body.unit, `pv_word_${op}`);
  const one = oneCpu(value, op);
  if (one) {
    const cpu = bound(body, one, 'cpu');
    const bit = `1ULL << (${cpu} & 63)`;
    body.unit.usesNrCpus = true;
    return [
      line(`if ((u32)${cpu} < pv_nr_cpus)`),
      line(`\t${word}(${words}, ${cpu}, ${op === 'and' ? `~(${bit})` : bit});`),
    ];
  }
  if (hasWords(value)) {
    const i = freshName(body, 'i');
    const bits = atMost(wordC(body, value, i), LEVEL.conditional);
    body.before.push({ text: `s32 ${i};`, origin: 'any' });
    return [line(`${helper(body.unit, 'pv_words_each')}(${op}, ${words}, ${i}, ${bits});`)];
  }
  const cpu = freshName(body, 'cpu');
  const test = atMost(hasC(body, value, cpu), LEVEL.conditional);
  body.before.push({ text: `s32 ${cpu};`, origin: 'any' });
  return [line(`${helper(body.unit, 'pv_words_change')}(${op}, ${words}, ${cpu}, ${test});`)];
}

/** The CPU of `|= cpus(c)`, `^= cpus(c)`, `&= ~cpus(c)`. */
function oneCpu(value: Expr, op: Store['op']): Expr | undefined {
  const [inner] = value.kind === 'intrinsic' && value.name === 'mask-not' ? value.args : [];
  const literal = op === 'and' ? inner : value;
  if (op === 'set' || !literal || !isLiteral(literal)) return undefined;
  const [range, ...more] = rangesOf(literal);
  return range && more.length === 0 && entityKey(range[0]) === entityKey(range[1]) ? range[0] : undefined;
}

function storeText(body: Body, { place, op, value, saturate, atomic }: Store, target: string): string {
  if (op === 'set')
    return `${target} = ${place.kind === 'state' ? storedText(body, value) : exprText(body, value)};`;
  const amount = exprC(body, value);
  if (saturate && atomic) return `${helper(body.unit, 'pv_atomic_sub_sat')}(&${target}, ${amount.text});`;
  if (saturate) return `${target} = ${helper(body.unit, 'pv_sub_sat')}(${target}, ${amount.text});`;
  if (atomic) return `__sync_fetch_and_${op}(&${target}, ${amount.text});`;
  if ((op === 'add' || op === 'sub') && amount.text === '1') return `${target}${op === 'add' ? '++' : '--'};`;
  return `${target} ${SYMBOLS[op]} ${atMost(amount, LEVEL.conditional)};`;
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
