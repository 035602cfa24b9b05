// What people write by mistake or in spite: correct C, or a diagnostic, never C that does not compile.
import { describe, expect, it } from 'vitest';
import { compileObject, findClang, isClang } from '../../../server/src/emit/clang.ts';
import { filesOf, snapshot } from '../../../server/src/pipeline.ts';
import { DEFAULTS } from '../../../server/src/workspace/settings.ts';
import { findClang as laneClang, lane } from '../../support/lanes.ts';

const long = 'n'.repeat(200);
const many = Array.from({ length: 500 }, (_, i) => i);
const hook = (body: string): string =>
  `on tracepoint sched:sched_switch(preempt, prev, next) {\n${body}\n}\n`;

const FINE: Readonly<Record<string, string>> = {
  'names that C, libbpf or the kernel have': `policy register for tracing
param int: u64 = 1
enum struct { union = 1
    void = 2 }
state task { while: u64 }
state vm { typedef: list of u32 max 4 }
counter auto per task
histogram volatile: duration
table goto: string -> u32 = 3
fn static(extern: u64) -> u64 { return extern + int }
fn task_struct(printk: task) -> u64 { return printk.pid as u64 }
on tracepoint sched:sched_switch(const_, prev, inline) {
    prev.while += static(1) + task_struct(prev)
    auto[prev] += goto["x"] as u64
    volatile.record(1ms)
    if let double = vcpu(inline) { double.vm.typedef.push(3) }
}
`,
  'constants, builtins and sections by their names': `policy alike for tracing
param CLOCK_MONOTONIC: u64 = 1
param SYS_read: u64 = 2
param license: u64 = 3
param d_fileno: u64 = 4
param on_sched_switch: u64 = 5
param aligned_alloc: u64 = 6
state task { si_pid: u64
    EINTR: u64 }
counter PATH_MAX per task
fn cbrtf(isalpha: u64) -> u64 { return isalpha + license + d_fileno + aligned_alloc }
on tracepoint sched:sched_switch(preempt, prev, next) {
    prev.si_pid += cbrtf(CLOCK_MONOTONIC) + SYS_read + on_sched_switch
    prev.EINTR += 1
    PATH_MAX[prev] += 1
}
`,
  'names of 200 characters, alike but for the last': `policy long for tracing
param ${long}1: u64 = 2
state task { ${long}2: duration }
counter ${long}3 per task
fn ${long}4(${long}5: u64) -> u64 { return ${long}5 + ${long}1 }
${hook(`    prev.${long}2 = 5ms\n    ${long}3[prev] += ${long}4(3)`)}`,
  '500 params': `policy params for tracing
${many.map((i) => `param p${i}: u64 = ${i}`).join('\n')}
counter total
${hook(many.map((i) => `    total += p${i}`).join('\n'))}`,
  'text that would end comments, formats and literals': `/// Erklärung */ with 漢字 and \\ and ??/
policy text for tracing
/// A param /* that */ ends a comment, and begins one: /*
param p: u32 = 1
/// A table /* that */ does,
/// in two lines: /*
table t: string -> bool = false
/// And a counter /* that */ does.
counter seen
${hook('    // A remark /* that */ does: /*\n    if t["größe\\"x"] { log "größe 漢字 %s 100% {seen}" }\n    if next.comm == "漢字漢字漢字漢字" { defer signal("ünïcode % */ ??/") }\n    log "100% {seen} \\\\n"')}`,
};

/** Which diagnostics there are about what no map has room for. */
const REFUSED: Readonly<Record<string, readonly [policy: string, code: string]>> = {
  'a list that is too long': [
    `policy p for tracing\nstate { big: list of u64 max 100000 }\n${hook('    big.push(1)')}`,
    'PV3044',
  ],
  'more counters than a map of each CPU holds': [
    `policy p for tracing\n${many.map((i) => `histogram h${i}: duration per task`).join('\n')}\n${hook('    h1[prev].record(1ms)')}`,
    'PV6006',
  ],
  'more masks at once than the verifier has patience for': [
    `policy p for tracing\nstate { n: u64 }\n${hook(
      Array.from(
        { length: 9 },
        (_, i) => `    let m${i} = prev.cpus_ptr & ~cpus(${i})\n    if m${i}.empty { n += 1 }`,
      ).join('\n'),
    )}`,
    'PV6004',
  ],
  'a state that no map holds': [
    `policy p for tracing\nstate task {\n${many.map((i) => `    r${i}: ring of u64 max 250`).join('\n')}\n}\n${hook('    prev.r1.push(1)')}`,
    'PV6006',
  ],
};

describe('what no map has room for', () => {
  it.each(Object.entries(REFUSED))('%s is a diagnostic', (_, [text, code]) => {
    const codes = snapshot(text, DEFAULTS).diagnostics.map((found) => found.code);
    expect(codes).toContain(code);
  });
});

lane('clang', 'bad input', laneClang, (path) => {
  it.each(Object.entries(FINE))('%s: C without a warning', async (_, text) => {
    const current = snapshot(text, DEFAULTS);
    const errors = current.diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message)).toEqual([]);
    const files = await filesOf(current, 'bad.pvpolicy');
    const clang = await findClang(path);
    if (!files || !isClang(clang)) throw new Error('nothing to compile');
    const compiled = await compileObject(files, { name: 'bad.pvpolicy', text }, clang);
    expect(compiled).toMatchObject({ kind: 'compiled', messages: [] });
  });
});
