import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { emitC } from '../../server/src/emit/c/index.ts';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { programOf } from '../properties/agreement.ts';
import { findClang, lane } from '../support/lanes.ts';
import { load, obstacle } from '../support/verifier.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-effort-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Policies without errors that the verifier once refused: it walked more than the million instructions that it allows, or found
 * an instruction that loads from the kernel now and from a map now.
 */
const REFUSED: Readonly<Record<string, string>> = {
  'loops in loops': `state { n: u64 }
every 1s { for i in 0..32 { for j in 0..32 { for k in 0..32 { if (i * j) as u64 % 3 == k as u64 { n += 1 } } } } }`,
  'lists in lists, and long rings': `state {
    n: u64
    l: list of u64 max 256
    r: ring of duration max 256
}
every 1s {
    for a in l { for b in l { if a > b { n += 1 } } }
    if r.max > 3ms { l.push(3) }
    if l.contains(4) { l.remove(4) }
    for i in 0..30 { if r.sum > 4ms { r.push(3ms * (i as u64)) } }
}`,
  'counts of a loop that it compares': `state { n: u64 }
on tracepoint sched:sched_wakeup(p) {
    var a: u64 = 0
    var b: u64 = 0
    var c: u64 = 0
    for i in 0..32 {
        if (p.pid as u64 >> i) & 1 == 1 { a += 1 }
        if (p.tgid as u64 >> i) & 3 == 1 { b += 1 }
        if (p.se.vruntime as u64 >> i) & 1 == 1 { c += 1 }
        if a > 10 && b > 8 { c += 2 }
        match c {
            0..3 => { b += 1 }
            7 | 9 => { a += 2 }
            _ => { n += 1 }
        }
    }
    if a > b { n += 1 }
    if c > b { n += 2 }
    if c > a + 4 { n += 2 }
}`,
  'numbers of the kernel or else of the policy': `state { n: u64, m: u32, seen: cpumask }
fn one(p: task) -> u64 {
    if seen.has(9) { return p.pid as u64 }
    return m as u64
}
fn other(p: task, x: u64) -> u64 {
    var y = x
    match x {
        1 => { y = n }
        2 => { y = p.se.sum_exec_runtime as u64 }
        3 => { y = p.tgid as u64 }
        _ => { y = 3 }
    }
    return y
}
on tracepoint sched:sched_migrate_task(p, dest_cpu) {
    if seen.has(9) { n = dest_cpu as u64 } else { n = m as u64 }
    if seen.has(3) { n += p.pid as u64 } else { n += m as u64 }
    let q = seen.has(8) ? p.tgid : m
    if q > 4 { n += one(p) + other(p, n) }
    log "{(seen.has(0) ? p.pid : m)}"
}`,
  'threads by their ids, one after the other': `state { n: u64 }
on tracepoint sched:sched_wakeup(p) {
${Array.from({ length: 20 }, (_, i) => `    if let t = bpf_task_from_pid(${i + 1}) { if t.tgid > ${i} { n += 1 } }`).join('\n')}
}`,
  'masks for one statement': `state { n: u64 }
on tracepoint sched:sched_wakeup(p) {
${Array.from({ length: 12 }, (_, i) => `    if (p.cpus_ptr & ~cpus(${i})).count > (p.cpus_ptr ^ cpus(${i + 1})).count { n += ${i} }`).join('\n')}
}`,
  'masks of a block': `state { n: u64 }
on tracepoint sched:sched_wakeup(p) {
    let a = p.cpus_ptr & ~cpus(0)
    let b = p.cpus_ptr & ~cpus(1)
    let c = p.cpus_ptr & ~cpus(2)
    let d = p.cpus_ptr | cpus(3)
    let e = p.cpus_ptr ^ cpus(4)
    let f = a | b
    let g = c | d
    if a.count > b.count && c.count > d.count || e.count > 3 { n += 1 }
    if f.has(3) || g.has(4) { n += 2 }
    if let x = a.first { n += x as u64 }
    if let x = b.first { n += x as u64 }
    if let x = c.any { n += x as u64 }
    if let x = d.any { n += x as u64 }
}`,
  'masks in loops': `state { n: u64 }
every 1s {
    let p = current()
    for i in 0..20 {
        for j in 0..20 {
            let a = (p.cpus_ptr & ~cpus(0..3)) | cpus(1)
            let b = (p.cpus_ptr ^ cpus(2)) | cpus(0, 3..10)
            n += (i > 5 ? a : b).count as u64
            for c in cpus(a & ~b) max 3 { n += (b | cpus(c)).count as u64 }
        }
    }
}`,
};

lane('clang', "the verifier's patience", findClang, (clang) => {
  const why = obstacle();
  describe.skipIf(why !== undefined && process.env['CI'] !== 'true').each(Object.entries(REFUSED))(
    '%s',
    (_, text) => {
      it('are accepted', () => {
        const source = `policy heavy for tracing\n${text}\n`;
        const program = programOf(source);
        if (!program) throw new Error('it has errors');
        for (const file of emitC(program, { sourceName: 'heavy.pvpolicy', source }))
          writeFileSync(join(folder, file.name), file.text);
        const include = '/usr/include/x86_64-linux-gnu';
        const flags = ['-target', 'bpf', ...BPF_FLAGS, '-Werror', '-idirafter', include];
        execFileSync(clang, [...flags, '-c', 'heavy.bpf.c', '-o', 'heavy.bpf.o'], { cwd: folder });
        expect(load(join(folder, 'heavy.bpf.o'))).toBe('accepted');
      });
    },
  );
});
