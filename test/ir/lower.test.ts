import { describe, expect, test } from 'vitest';
import type { Expr, Stmt } from '../../server/src/ir/ir.ts';
import { printExpr, printProgram } from '../../server/src/ir/print.ts';
import { walkSide } from '../../server/src/ir/walk.ts';
import { policy, policyIn } from '../support/policy.ts';

describe('golden programs (renew them with vitest -u)', () => {
  const sources = {
    irq_boost: 'examples/irq_boost.pvpolicy',
    spin_guard: 'examples/spin_guard.pvpolicy',
    vm_share: 'examples/vm_share.pvpolicy',
    everything: 'test/ir/everything.pvpolicy',
  };
  for (const [name, path] of Object.entries(sources)) {
    test(name, async () => {
      await expect(printProgram(policyIn(path).program)).toMatchFileSnapshot(`golden/${name}.ir`);
    });
  }
});

/** The body of a handler, as text; declarations in front. */
function body(code: string, declarations = ''): string[] {
  const { program } = policy(
    `policy t for tracing\n${declarations}\non tracepoint sched:sched_switch(preempt, prev, next, prev_state) {\n${code}\n}\n`,
  );
  const text = printProgram(program);
  return text
    .slice(text.indexOf('\non tracepoint'))
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

describe('subtraction', () => {
  test('of clocks and ratios stops at zero, of integers and vtime wraps', () => {
    const state = 'state { d: duration\n i: instant\n v: vtime\n r: ratio\n n: u64\n s: s64 }';
    expect(body('d = d - 1ms', state)).toEqual(['global.d = sub-sat(global.d, 1000000:duration)']);
    expect(body('d = now() - i', state)).toEqual(['global.d = sub-sat(now(), global.i)']);
    expect(body('r = r - 1%', state)).toEqual(['global.r = sub-sat(global.r, 10:ratio)']);
    expect(body('v = v - 1ms', state)).toEqual(['global.v = sub(global.v, 1000000:duration)']);
    expect(body('n = n - 1', state)).toEqual(['global.n = sub(global.n, 1)']);
    expect(body('s = s - 1', state)).toEqual(['global.s = sub(global.s, 1:s64)']);
  });

  test('of two vtimes is how far the left one is ahead', () => {
    const state = 'state { d: duration\n v: vtime\n w: vtime }';
    expect(body('d = v - w', state)).toEqual([
      'global.d = duration(max(s64(sub(global.v, global.w)), 0:s64))',
    ]);
  });
});

describe('virtual time', () => {
  const state = 'state { v: vtime\n w: vtime\n b: bool }';
  test.each([
    ['v < w', 'before(global.v, global.w)'],
    ['v > w', 'before(global.w, global.v)'],
    ['v <= w', 'not(before(global.w, global.v))'],
    ['v >= w', 'not(before(global.v, global.w))'],
    ['before(v, w)', 'before(global.v, global.w)'],
  ])('%s', (source, lowered) => {
    expect(body(`b = ${source}`, state)).toEqual([`global.b = ${lowered}`]);
  });
});

describe('atomic updates', () => {
  const state =
    'state { g: u64 }\nstate vm { n: u64 }\nstate task { n: u64 }\nstate vcpu { n: u64 }\nstate cpu { n: u64 }';
  test.each([
    ['g += 1', 'global.g != add 1'],
    ['g ^= 1', 'global.g != xor 1'],
    ['g *= 2', 'global.g = mul(global.g, 2)'],
    ['prev.n += 1', 'task[prev#1].n = add 1'],
    ['current().n -= 1', 'task[current()].n = sub 1'],
    ['this_cpu().n |= 1', 'cpu[this-cpu()].n = or 1'],
    ['(1 as cpu).n &= 1', 'cpu[1:cpu].n != and 1'],
  ])('%s', (source, lowered) => {
    expect(body(source, state)).toEqual([lowered]);
  });

  test('a vCPU found by a parameter is the hook’s own, its VM is not', () => {
    expect(body('if let v = vcpu(prev) {\n v.n += 1\n v.vm.n += 1 }', state).slice(1)).toEqual([
      'vcpu[v#4].n = add 1',
      'vm[vcpu-vm(v#4)].n != add 1',
    ]);
  });

  test('the vCPUs of a loop are others’', () => {
    const lines = body('for m in vms max 2 { for v in m.vcpus max 4 { v.n += 1 } }', state);
    expect(lines.at(-1)).toBe('vcpu[v#5].n != add 1');
  });
});

describe('arithmetic with ratios', () => {
  const state = 'state { d: duration\n r: ratio\n n: u64 }';
  test.each([
    ['d = d * 25%', 'mul-ratio(global.d, 256:ratio)'],
    ['d = d / 25%', 'div-ratio(global.d, 256:ratio)'],
    ['d = d * 3', 'mul(global.d, 3)'],
    ['d = d / 3', 'div(global.d, 3)'],
    ['r = r * 50%', 'mul-ratio(global.r, 512:ratio)'],
    ['r = r / 2', 'div(global.r, 2)'],
    ['r = ratio(d, 1ms)', 'div-ratio(global.d, 1000000:duration)'],
    ['n = d / 1ms', 'div(global.d, 1000000:duration)'],
  ])('%s', (source, lowered) => {
    expect(body(source, state)[0]).toContain(lowered);
  });
});

test('casts bring numbers into the range of nice, rt_prio and weight', () => {
  const lines = body('log "{prev_state as nice} {x as rt_prio}"', 'const big = 5\nstate { x: s64 }');
  expect(lines).toEqual([
    'log nice:s32(min(max(u64(prev_state#3), 0), 19)) " " rt_prio:u32(min(max(global.x, 1:s64), 99:s64))',
  ]);
});

test('flags are all to be set, and one that the kernel lacks is never had', () => {
  const { program } = policy(
    'policy t for sched_ext\ncounter c\non op enqueue(p, f) { if f has SCX_ENQ_WAKEUP { c += 1 }\n if f has SCX_ENQ_HEAD { c += 1 } }',
  );
  const text = printProgram(program);
  expect(text).toContain('if eq(and(f#1, SCX_ENQ_WAKEUP), SCX_ENQ_WAKEUP)');
  expect(text).toContain(
    'if and(ne(SCX_ENQ_HEAD, 0:scx_enq_flags), eq(and(f#1, SCX_ENQ_HEAD), SCX_ENQ_HEAD))',
  );
});

describe('every program', () => {
  const { program } = policyIn('test/ir/everything.pvpolicy');
  const exprs: Expr[] = [];
  const stmts: Stmt[] = [];
  for (const side of [program.host, ...(program.guest ? [program.guest] : [])]) {
    walkSide(side, { expr: (expr) => exprs.push(expr), stmt: (stmt) => stmts.push(stmt) });
  }

  test('has no operands of mixed signs, nor of fewer than 64 bits in arithmetic', () => {
    const compared = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'before']);
    for (const expr of exprs) {
      if (expr.kind !== 'binary') continue;
      const { left, right } = expr;
      if (left.type.kind !== 'int' || right.type.kind !== 'int') continue;
      expect(left.type.signed, printExpr(expr)).toBe(right.type.signed);
      if (!compared.has(expr.op))
        expect([left.type.bits, right.type.bits], printExpr(expr)).toEqual([64, 64]);
    }
  });

  test('says of each statement where it is', () => {
    expect(stmts.length).toBeGreaterThan(50);
    for (const stmt of stmts) expect(stmt.span.end).toBeGreaterThan(stmt.span.start);
  });

  test('has locals with ids of their own in each handler', () => {
    for (const handler of program.host.handlers) {
      expect(handler.params.map(({ id }) => id)).toEqual([...handler.params.keys()]);
    }
  });
});
