import type { Block, CastExpr, Expr } from '../../../../grammar/ast.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model, Symbol } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { Reading } from '../reading.ts';

/**
 * Numbers that are made CPUs and handed to the kernel, which ejects a scheduler for one that the machine does not have
 * (kernel/sched/ext.c:ops_cpu_valid). A number that is asked about anywhere in the body counts as tested; `local_on()`
 * has a rule of its own.
 */
export function checkCpuNumbers(model: Model): readonly Diagnostic[] {
  const reading = new Reading(model);
  const bodies = model.handlers
    .filter(({ side }) => side === 'host')
    .map(({ decl, hook }) => ({
      body: decl.body,
      chooses: hook?.family === 'op' && hook.name === 'select_cpu',
    }));
  const functions = model.functions.map(({ body }) => ({ body, chooses: false }));
  return [...bodies, ...functions].flatMap(({ body, chooses }) => {
    const found: Diagnostic[] = [];
    const tell = (cpu: Expr, to: string): void => {
      const cast = castOf(cpu, reading, model);
      if (cast !== undefined && !isTested(body, cpu, cast, model))
        found.push(diagnostic('PV5022', cpu.span, { to }));
    };
    const visit = (node: Part): void => {
      if (node.kind === 'return' && node.value !== undefined && chooses)
        tell(node.value, "'select_cpu' returns it");
      const resolved = node.kind === 'call' ? model.calls.get(node) : undefined;
      const callee = resolved?.callee;
      if (callee?.kind === 'kernel' && callee.call.name.startsWith('scx_bpf_'))
        callee.call.params.forEach(({ type }, i) => {
          const cpu = resolved?.args[i];
          if (type.kind === 'cpu' && cpu !== undefined) tell(cpu, `${callee.call.name}() is given it`);
        });
      const kicked = resolved?.args[0];
      if (callee?.kind === 'action' && callee.action.name === 'kick' && kicked !== undefined)
        tell(kicked, 'kick() is given it');
      eachChild(node, visit);
    };
    visit(body);
    return found;
  });
}

/** `x as cpu` that the expression stands for, where x is not known. */
function castOf(cpu: Expr, reading: Reading, model: Model): CastExpr | undefined {
  const value = reading.valueOf(cpu);
  if (value.kind !== 'cast' || model.types.get(value)?.kind !== 'cpu') return undefined;
  return model.constants.has(value.operand) || isRemainder(value.operand, model) ? undefined : value;
}

/** `x % scx_bpf_nr_cpu_ids()` */
function isRemainder(operand: Expr, model: Model): boolean {
  if (operand.kind === 'paren') return isRemainder(operand.inner, model);
  if (operand.kind !== 'binary' || operand.op !== '%') return false;
  const callee = operand.right.kind === 'call' ? model.calls.get(operand.right)?.callee : undefined;
  return callee?.kind === 'kernel' && callee.call.name === 'scx_bpf_nr_cpu_ids';
}

/** Does a condition, or a question about CPUs, ask about the CPU or what it was made of? */
function isTested(body: Block, cpu: Expr, cast: CastExpr, model: Model): boolean {
  const wanted = new Set([...symbolsIn(cpu, model), ...symbolsIn(cast.operand, model)]);
  const asks = (node: Part): boolean => symbolsIn(node, model).some((symbol) => wanted.has(symbol));
  let tested = false;
  const visit = (node: Part): void => {
    if (node.kind === 'binary' && COMPARISONS.has(node.op)) tested ||= asks(node);
    const callee = node.kind === 'call' ? model.calls.get(node)?.callee : undefined;
    if (callee?.kind === 'builtin' && QUESTIONS.has(callee.builtin.name)) tested ||= asks(node);
    eachChild(node, visit);
  };
  visit(body);
  return tested;
}

function symbolsIn(node: Part, model: Model): readonly Symbol[] {
  const name = node.kind === 'name' ? node.name : node.kind === 'member' ? node.member : undefined;
  const symbol = name && model.names.get(name);
  const found: Symbol[] = symbol === undefined ? [] : [symbol];
  eachChild(node, (child) => {
    found.push(...symbolsIn(child, model));
  });
  return found;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const QUESTIONS: ReadonlySet<string> = new Set(['can_run_on', 'has']);
