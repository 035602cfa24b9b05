import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { diagnose, expectDiagnostics } from './support.ts';

/** A scheduler whose `enqueue` has the body, with two queues that are drained. */
const scheduler = (body: string, more = ''): string => `policy p for sched_ext
dsq fast
dsq slow
enum Kind { Light, Heavy }
state task { kind: Kind, runs: u32, parked: bool }
state { held: list of task max 8 }
${more}
on op enqueue(p, enq_flags) {
    p.runs += 1
${body}
}
on op dispatch() {
    for t in held { scx_bpf_dsq_insert(t, fast, 5ms, 0) }
    held.clear()
    if !scx_bpf_dsq_move_to_local(fast) { scx_bpf_dsq_move_to_local(slow) }
}
`;

const INSERT = 'scx_bpf_dsq_insert(p, fast, 5ms, enq_flags)';
const ELSEWHERE = 'scx_bpf_dsq_insert(p, slow, 5ms, enq_flags)';

const codes = (body: string, more?: string): string[] =>
  diagnose(scheduler(body, more))
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);

describe('a task is inserted once on each path', () => {
  it.each([
    ['in the one path', INSERT],
    ['in both branches', `if is_kthread(p) { ${INSERT} } else { ${ELSEWHERE} }`],
    ['before an early return', `if is_kthread(p) {\n${INSERT}\nreturn\n}\n${ELSEWHERE}`],
    ['under a condition and its opposite', `if p.runs > 3 { ${INSERT} }\nif p.runs <= 3 { ${ELSEWHERE} }`],
    [
      'under a condition that is kept',
      `let busy = p.runs > 3\nif busy { ${INSERT} }\nif !busy { ${ELSEWHERE} }`,
    ],
    [
      'under a flag',
      `var done = false\nif p.runs > 3 {\n${INSERT}\ndone = true\n}\nif !done { ${ELSEWHERE} }`,
    ],
    ['in every arm of an enum', `match p.kind {\nKind.Light => ${INSERT}\nKind.Heavy => ${ELSEWHERE}\n}`],
    ['in a match with a rest', `match p.runs {\n1 => ${INSERT}\n_ => ${ELSEWHERE}\n}`],
    [
      'in a loop that it leaves',
      `for c in cpus(p.cpus_ptr) {\nif c == this_cpu() {\n${INSERT}\nreturn\n}\n}\n${ELSEWHERE}`,
    ],
    [
      'in a loop that it breaks',
      `var done = false\nfor i in 0..4 {\nif p.runs > 3 {\n${INSERT}\ndone = true\nbreak\n}\n}\nif !done { ${ELSEWHERE} }`,
    ],
    [
      'where a task may be absent',
      `if let v = vcpu(p) {\nif v.vm.vcpus.count > 1 { ${INSERT} } else { ${ELSEWHERE} }\n} else { ${ELSEWHERE} }`,
    ],
    ['into one of two queues', 'scx_bpf_dsq_insert(p, p.runs > 3 ? fast : slow, 5ms, enq_flags)'],
    ['by the other call', 'scx_bpf_dsq_insert(p, slow, 5ms, enq_flags)'],
    ['into a list of its own', `if p.runs > 3 { held.push(p) } else { ${INSERT} }`],
    ['under "or"', `if is_kthread(p) || p.runs > 3 { ${INSERT} } else { ${ELSEWHERE} }`],
    ['under "and"', `if is_kthread(p) && p.runs > 3 { ${INSERT} } else { ${ELSEWHERE} }`],
  ])('%s', (_, body) => {
    const found = codes(body).filter((code) => code.startsWith('PV5'));
    expect(found).toEqual([]);
  });

  it.each([
    ['by a function', `place(p)`, `fn place(t: task) { scx_bpf_dsq_insert(t, fast, 5ms, 0) }`],
    [
      'by a function that says whether it did',
      `if place(p) { return }\n${ELSEWHERE}`,
      `fn place(t: task) -> bool {\nif is_kthread(t) {\nscx_bpf_dsq_insert(t, fast, 5ms, 0)\nreturn true\n}\nreturn false\n}`,
    ],
    [
      'by a function that says whether it did not',
      `if !refused(p) { return }\n${ELSEWHERE}`,
      `fn refused(t: task) -> bool {\nif t.runs > 3 { return true }\nscx_bpf_dsq_insert(t, fast, 5ms, 0)\nreturn false\n}`,
    ],
    [
      'by a function that calls another',
      `let done = place(p)\nif done { return }\n${ELSEWHERE}`,
      `fn place(t: task) -> bool { return inner(t) && true }\nfn inner(t: task) -> bool {\nif is_kthread(t) { return false }\nscx_bpf_dsq_insert(t, fast, 5ms, 0)\nreturn true\n}`,
    ],
  ])('%s', (_, body, more) => {
    expect(codes(body, more)).toEqual([]);
  });
});

describe('a task is lost', () => {
  it.each([
    ['in a branch that is missing', `if is_kthread(p) { ${INSERT} }`],
    ['in a return', `if is_kthread(p) { return }\n${INSERT}`],
    ['in an arm that is missing', `match p.runs {\n1 => ${INSERT}\n2 => ${ELSEWHERE}\n}`],
    ['in a loop that may not run', `for c in cpus(p.cpus_ptr) {\n${INSERT}\nreturn\n}`],
    [
      'under a flag that is set too early',
      `var done = true\nif p.runs > 3 {\n${INSERT}\ndone = false\n}\nif !done { p.parked = true }`,
    ],
  ])('%s', (_, body) => {
    expect(codes(body)).toContain('PV5001');
  });

  it('in a function that inserts sometimes', () => {
    const more = 'fn place(t: task) { if is_kthread(t) { scx_bpf_dsq_insert(t, fast, 5ms, 0) } }';
    expect(codes('place(p)', more)).toEqual(['PV5001']);
  });

  it('on a path that is shown', () => {
    const text = scheduler(`if is_kthread(p) { return }\n${INSERT}`);
    const [found] = diagnose(text).filter(({ code }) => code === 'PV5001');
    expect(text.slice(found?.span.start, found?.span.end)).toBe('return');
    expect(
      found?.related.map(({ message, span }) => `${message}: ${text.slice(span?.start, span?.end)}`),
    ).toEqual(['on the path where this is true: is_kthread(p)']);
  });

  it('not in select_cpu, which may leave it to enqueue', () => {
    expectDiagnostics(`policy p for sched_ext
on op select_cpu(p, prev_cpu, wake_flags) {
    let (c, idle) = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags)
    if idle { scx_bpf_dsq_insert(p, LOCAL, 5ms, 0) }
    return c
}
`);
  });
});

describe('a task is inserted twice', () => {
  it.each([
    ['in a row', `${INSERT}\n${ELSEWHERE}`],
    ['without a return', `if is_kthread(p) { ${INSERT} }\n${ELSEWHERE}`],
    ['in a loop', `for i in 0..3 { ${INSERT} }`],
    [
      'under two conditions that can both be true',
      `if p.runs > 3 { ${INSERT} } else { ${ELSEWHERE} }\nif p.runs > 5 { ${ELSEWHERE} }`,
    ],
  ])('%s', (_, body) => {
    expect(codes(body)).toContain('PV5002');
  });

  it('by a function and its caller', () => {
    const more = 'fn place(t: task) { scx_bpf_dsq_insert(t, fast, 5ms, 0) }';
    expect(codes(`place(p)\n${ELSEWHERE}`, more)).toEqual(['PV5002']);
  });
});

describe('random bodies', () => {
  interface Tree {
    /** Statements: an insertion, a return, a branch on one of four conditions. */
    readonly stmts: readonly Stmt[];
  }
  type Stmt =
    | { readonly kind: 'insert' }
    | { readonly kind: 'return' }
    | {
        readonly kind: 'if';
        readonly condition: number;
        readonly then: Tree;
        readonly otherwise: Tree | undefined;
      };

  const CONDITIONS = ['is_kthread(p)', 'p.parked', 'a', 'b'];
  const { tree } = fc.letrec<{ tree: Tree; stmt: Stmt }>((tie) => ({
    tree: fc.record({ stmts: fc.array(tie('stmt'), { maxLength: 3 }) }),
    stmt: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constant<Stmt>({ kind: 'insert' }),
      fc.constant<Stmt>({ kind: 'return' }),
      fc.record({
        kind: fc.constant<'if'>('if'),
        condition: fc.integer({ min: 0, max: CONDITIONS.length - 1 }),
        then: tie('tree'),
        otherwise: fc.option(tie('tree'), { nil: undefined }),
      }),
    ),
  }));

  const print = ({ stmts }: Tree): string => stmts.map(printStmt).join('\n');
  const printStmt = (stmt: Stmt): string => {
    if (stmt.kind === 'insert') return INSERT;
    if (stmt.kind === 'return') return 'return';
    const otherwise = stmt.otherwise === undefined ? '' : ` else {\n${print(stmt.otherwise)}\n}`;
    return `if ${CONDITIONS[stmt.condition]} {\n${print(stmt.then)}\n}${otherwise}`;
  };

  /** Runs the body under one assignment of the conditions: insertions, and whether it returned. */
  function run({ stmts }: Tree, truth: readonly boolean[]): { count: number; returned: boolean } {
    let count = 0;
    for (const stmt of stmts) {
      if (stmt.kind === 'return') return { count, returned: true };
      if (stmt.kind === 'insert') {
        count++;
        continue;
      }
      const taken = truth[stmt.condition] ? stmt.then : stmt.otherwise;
      const inner = taken === undefined ? { count: 0, returned: false } : run(taken, truth);
      count += inner.count;
      if (inner.returned) return { count, returned: true };
    }
    return { count, returned: false };
  }

  it('are judged as running them under every truth of their conditions would', () => {
    fc.assert(
      fc.property(tree, (body) => {
        const counts = Array.from({ length: 16 }, (_, bits) =>
          run(
            body,
            CONDITIONS.map((_, i) => ((bits >> i) & 1) === 1),
          ),
        ).map(({ count }) => count);
        const text = `let a = p.runs > 3\nlet b = p.runs > 100\nif a && b { p.parked = p.runs > 7 }\n${print(body)}`;
        const found = new Set(codes(text).filter((code) => code.startsWith('PV5')));
        expect(found.has('PV5001')).toBe(counts.includes(0));
        expect(found.has('PV5002')).toBe(counts.some((count) => count > 1));
      }),
      { numRuns: runs(150) },
    );
  });
});

describe('queues', () => {
  it('that are drained by a walk, or by a function, are fine', () => {
    expectDiagnostics(`policy p for sched_ext
dsq fast
dsq slow vtime
fn drain() { scx_bpf_dsq_move_to_local(slow) }
on op enqueue(p, enq_flags) {
    if is_kthread(p) { scx_bpf_dsq_insert(p, fast, 5ms, enq_flags) }
    else { scx_bpf_dsq_insert_vtime(p, slow, 5ms, p.scx.dsq_vtime, enq_flags) }
}
on op dispatch(cpu) {
    for t in fast max 8 { if can_run_on(t, cpu) { scx_bpf_dsq_move(t, local_on(cpu), 0) } }
    drain()
}
`);
  });

  it('that are only asked about, or only moved between, are not drained', () => {
    expectDiagnostics(`policy p for sched_ext
dsq fast
dsq slow
on op enqueue(p, enq_flags) {
    if scx_bpf_dsq_nr_queued(slow) > 3 { scx_bpf_dsq_insert(p, fast, 5ms, enq_flags) }
    else { scx_bpf_dsq_insert(p, slow, 5ms, enq_flags) } //~ PV5003
}
on op dispatch(cpu) {
    for t in fast max 8 { if can_run_on(t, cpu) { scx_bpf_dsq_move(t, slow, 0) } }
}
`);
  });
});

describe('a CPU', () => {
  it('that was chosen by the task, or tested, needs no further test', () => {
    expectDiagnostics(`policy p for sched_ext
fn put(t: task, c: cpu, f: u64) { if f > 0 { scx_bpf_dsq_insert(t, local_on(c), 5ms, 0) } else { scx_bpf_dsq_insert(t, GLOBAL, 5ms, 0) } }
on op enqueue(p, enq_flags) {
    if let c = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0) {
        put(p, c, 1)
        return
    }
    let here = this_cpu()
    if !can_run_on(p, here) {
        scx_bpf_dsq_insert(p, GLOBAL, 5ms, enq_flags)
        return
    }
    scx_bpf_dsq_insert(p, local_on(here), 5ms, enq_flags)
}
`);
  });

  it('that was tested for another task, or after the insertion, does', () => {
    expectDiagnostics(`policy p for sched_ext
dsq shared_queue
on op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, shared_queue, 5ms, enq_flags) }
on op dispatch(cpu, prev) {
    for t in shared_queue max 8 {
        if can_run_on(current(), cpu) { scx_bpf_dsq_move(t, local_on(cpu), 0) } //~ PV5004
        if can_run_on(t, cpu) { scx_bpf_dsq_move(t, local_on(this_cpu()), 0) } //~ PV5004
    }
    if let last = prev { if is_kthread(last) { kick(cpu) } }
    scx_bpf_dsq_move_to_local(shared_queue)
}
`);
  });
});
