import type { Expr, Fn, Handler, Instance, Place, Program, Side, Source, Stmt } from './ir.ts';
import { showConst, showField, showType } from './print-types.ts';

/** The whole program as compact text: for golden tests and debugging. Locals are `name#id`; `!` marks atomics. */
export function printProgram(program: Program): string {
  const lines = [
    `policy ${program.name} for ${program.target}`,
    ...program.enums.map(
      (e) => `enum ${e.name} { ${e.members.map((m) => `${m.name} = ${m.value}`).join(', ')} }`,
    ),
    ...program.params.map((p) => {
      const range = p.range ? ` in ${p.range.lo}..${p.range.hi}` : '';
      return `${p.tunable ? 'tunable' : 'param'} ${p.name}: ${showType(p.type)} = ${p.value}${range}`;
    }),
    ...program.tables.map((t) => `table ${t.name}: ${t.key} -> ${showType(t.value)} = ${t.fallback}`),
    ...program.states.map(
      (s) =>
        `state ${s.side === 'guest' ? 'guest ' : ''}${s.scope} { ${s.fields.map(showField).join('; ')} }`,
    ),
    ...fields('hint', program),
    ...fields('feedback', program),
    ...program.counters.map((c) => `counter ${c.name} per ${c.per}`),
    ...program.histograms.map((h) => `histogram ${h.name}: ${showType(h.type)} per ${h.per}`),
    ...program.dsqs.map((d) => `dsq ${d.name} ${d.order} = ${d.index}`),
    ...program.invariants.map((i) => {
      const params = i.params.map((p) => `${p.name}#${p.id}: ${showType(p.type)}`).join(', ');
      return `invariant ${i.name}(${params}) { ${i.always.map(printExpr).join('; ')} }`;
    }),
    ...printSide('host', program.host),
    ...(program.guest ? printSide('guest', program.guest) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function fields(name: 'hint' | 'feedback', program: Program): string[] {
  return program[name].length > 0 ? [`${name} { ${program[name].map(showField).join('; ')} }`] : [];
}

function printSide(name: string, side: Side): string[] {
  return [`${name}:`, ...side.functions.flatMap(printFn), ...side.handlers.flatMap(printHandler)];
}

function printFn(fn: Fn): string[] {
  const params = fn.params.map((p) => `${p.name}#${p.id}: ${showType(p.type)}`).join(', ');
  return [`fn ${fn.name}(${params}) -> ${showType(fn.result)}`, ...printBlock(fn.body, 1)];
}

function printHandler(handler: Handler): string[] {
  const { hook, period } = handler;
  const name = [hook.family, hook.system ? `${hook.system}:${hook.name}` : hook.name].filter(
    (part) => part !== '',
  );
  const params = handler.params.map((p) => `${p.name}#${p.id}: ${showType(p.type)}`).join(', ');
  const every = period === undefined ? '' : ` ${period}`;
  return [`on ${name.join(' ')}${every}(${params})`, ...printBlock(handler.body, 1)];
}

function printBlock(stmts: readonly Stmt[], depth: number): string[] {
  const pad = '  '.repeat(depth);
  return stmts.flatMap((stmt) => {
    const { head, blocks } = printStmt(stmt);
    return [
      pad + head,
      ...blocks.flatMap((block) => [
        ...(block.label === '' ? [] : [pad + block.label]),
        ...printBlock(block.body, depth + 1),
      ]),
    ];
  });
}

interface Printed {
  readonly head: string;
  readonly blocks: readonly { readonly label: string; readonly body: readonly Stmt[] }[];
}

const line = (head: string): Printed => ({ head, blocks: [] });

const withElse = (head: string, then: readonly Stmt[], otherwise: readonly Stmt[]): Printed => ({
  head,
  blocks: [{ label: '', body: then }, ...(otherwise.length > 0 ? [{ label: 'else', body: otherwise }] : [])],
});

function printStmt(stmt: Stmt): Printed {
  switch (stmt.kind) {
    case 'let':
      return line(
        `let ${stmt.local.name}#${stmt.local.id}: ${showType(stmt.local.type)} = ${printExpr(stmt.value)}`,
      );
    case 'let-tuple':
      return line(
        `let (${stmt.locals.map((l) => `${l.name}#${l.id}`).join(', ')}) = ${printExpr(stmt.value)}`,
      );
    case 'set':
      return line(`${stmt.local.name}#${stmt.local.id} = ${printExpr(stmt.value)}`);
    case 'store': {
      const op = stmt.op === 'set' ? '' : `${stmt.op}${stmt.saturate ? '-sat' : ''} `;
      return line(`${printPlace(stmt.place)} ${stmt.atomic ? '!' : ''}= ${op}${printExpr(stmt.value)}`);
    }
    case 'count':
      return line(`count ${stmt.counter}${index(stmt.entity)} ${printExpr(stmt.amount)}`);
    case 'record':
      return line(`record ${stmt.histogram}${index(stmt.entity)} ${printExpr(stmt.value)}`);
    case 'collect': {
      const value = stmt.value ? ` ${printExpr(stmt.value)}` : '';
      return line(
        `${stmt.op}${stmt.shared ? '!' : ''} ${printInstance(stmt.instance)}.${stmt.field}${value}`,
      );
    }
    case 'if':
      return withElse(`if ${printExpr(stmt.condition)}`, stmt.then, stmt.otherwise);
    case 'if-some':
      return withElse(
        `if-some ${stmt.local.name}#${stmt.local.id} = ${printExpr(stmt.value)}`,
        stmt.then,
        stmt.otherwise,
      );
    case 'match':
      return {
        head: `match ${printExpr(stmt.subject)}`,
        blocks: stmt.arms.map((arm) => ({
          label:
            arm.ranges.length === 0 ? '_ =>' : `${arm.ranges.map((r) => `${r.lo}..${r.hi}`).join(' | ')} =>`,
          body: arm.body,
        })),
      };
    case 'for-range': {
      const { local, from, to, max, body } = stmt;
      const head = `for ${local.name}#${local.id} in ${printExpr(from)}..${printExpr(to)} max ${max}`;
      return { head, blocks: [{ label: '', body }] };
    }
    case 'for-each': {
      const { local, source, max, body } = stmt;
      const head = `for ${local.name}#${local.id} in ${printSource(source)} max ${max}`;
      return { head, blocks: [{ label: '', body }] };
    }
    case 'break':
    case 'continue':
      return line(stmt.kind);
    case 'return':
      return line(stmt.value ? `return ${printExpr(stmt.value)}` : 'return');
    case 'action': {
      const { name, args, deferred } = stmt.action;
      return line(`${deferred ? 'defer ' : ''}${name}(${args.map(printExpr).join(', ')})`);
    }
    case 'log':
      return line(
        `log ${stmt.parts.map((p) => (typeof p === 'string' ? JSON.stringify(p) : printExpr(p))).join(' ')}`,
      );
    case 'expr':
      return line(printExpr(stmt.value));
  }
}

const index = (entity: Expr | undefined): string => (entity ? `[${printExpr(entity)}]` : '');

function printInstance(instance: Instance): string {
  return `${instance.scope}${index(instance.entity)}`;
}

function printSource(source: Source): string {
  switch (source.kind) {
    case 'cpus':
      return `cpus(${printExpr(source.mask)})`;
    case 'vcpus':
      return `vcpus(${printExpr(source.vm)})`;
    case 'vms':
      return 'vms';
    case 'dsq':
      return printExpr(source.dsq);
    case 'list':
      return `${printInstance(source.instance)}.${source.field}`;
  }
}

function printPlace(place: Place): string {
  switch (place.kind) {
    case 'state':
      return `${printInstance(place.instance)}.${place.field}`;
    case 'hint':
      return `hint.${place.field}`;
    case 'feedback':
      return `feedback${index(place.vcpu)}.${place.field}`;
    case 'kernel':
      return `(${printExpr(place.object)}).${place.path.join('.')}`;
    case 'tunable':
      return place.name;
  }
}

/** One expression as text, with the type of what is not obvious. */
export function printExpr(expr: Expr): string {
  const list = (name: string, args: readonly Expr[]): string => `${name}(${args.map(printExpr).join(', ')})`;
  switch (expr.kind) {
    case 'const':
      return showConst(expr.value, expr.type);
    case 'kernel-const':
      return expr.name;
    case 'local':
      return `${expr.local.name}#${expr.local.id}`;
    case 'param':
      return expr.name;
    case 'table':
      return `${expr.table}[${printExpr(expr.key)}]`;
    case 'load':
      return printPlace(expr.place);
    case 'load-hint':
      return `hint[${printExpr(expr.vcpu)}].${expr.field}`;
    case 'counter-value':
      return `${expr.counter}${index(expr.entity)}`;
    case 'binary':
    case 'logical':
      return list(expr.op, [expr.left, expr.right]);
    case 'not':
    case 'complement':
    case 'negate':
    case 'some':
    case 'is-some':
      return list(expr.kind, [expr.operand]);
    case 'convert':
      return list(showType(expr.type), [expr.operand]);
    case 'select':
      return list('select', [expr.condition, expr.then, expr.otherwise]);
    case 'none':
      return 'none';
    case 'call':
      return list(expr.fn, expr.args);
    case 'kernel-call':
      return list(expr.call.name, expr.args);
    case 'intrinsic':
      return list(expr.name, expr.args);
    case 'collection':
      return `${printInstance(expr.instance)}.${expr.field}.${expr.op}${expr.arg ? `(${printExpr(expr.arg)})` : ''}`;
    case 'dsq':
      return printDsq(expr.which);
  }
}

function printDsq(which: (Expr & { kind: 'dsq' })['which']): string {
  switch (which.kind) {
    case 'user':
      return `dsq ${which.name}`;
    case 'local-on':
      return `LOCAL_ON(${printExpr(which.cpu)})`;
    case 'local':
      return 'LOCAL';
    case 'global':
      return 'GLOBAL';
  }
}
