import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainLog } from '../../../server/src/kernel/verifier-log/explain.ts';
import { runs } from '../../support/runs.ts';

/** Logs of two real kernels about C that was broken on purpose. */
const LOGS = join(import.meta.dirname, '../../fixtures/verifier');
const read = (name: string): string => readFileSync(join(LOGS, `${name}.log`), 'utf8');

/** What each has to say, by the name of the fixture without the kernel. */
const WANTED: Readonly<Record<string, readonly [line: number | undefined, remedy: string, cause: RegExp]>> = {
  null: [15, 'pvpolicy', /map_value_or_null\) may be NULL/],
  leak: [26, 'pvpolicy', /is not given back on some path/],
  large: [18, 'policy', /follows every path .* gave up/],
  bounds: [13, 'pvpolicy', /from a number that nothing bounds/],
  write: [15, 'policy', /does not let this program write there/],
  notp: [undefined, 'machine', /no tracepoint kvm_vcpu_slumber/],
  nokfunc: [undefined, 'machine', /no function scx_bpf_kick_cpux/],
  notallowed: [undefined, 'machine', /bpf_sock_destroy\(\) takes other arguments/],
  field: [15, 'machine', /no struct task_struct.no_such_field/],
  args: [undefined, 'policy', /kvm_vcpu_wakeup has fewer arguments .* no 6/],
  sleep: [15, 'policy', /may sleep/],
  helper: [15, 'policy', /may not call bpf_override_return/],
  untrusted: [15, 'pvpolicy', /pointer to a signal_struct .* task_struct is meant/],
  scalar: [15, 'pvpolicy', /number is used as an address/],
  xnull: [7, 'pvpolicy', /may be NULL/],
  xwrongop: [undefined, 'policy', /does not allow scx_bpf_dsq_move_to_local\(\)/],
  xsleep: [7, 'policy', /does not allow scx_bpf_create_dsq\(\)/],
};

describe("a kernel's refusal", () => {
  const names = readdirSync(LOGS).map((name) => name.replace(/\.log$/, ''));

  it.each(names)('%s is one finding, with its line and its cause', (name) => {
    // Without sched_ext, 6.18 says of each such policy that it lacks a function.
    const what = name === '6.18-xwrongop' ? undefined : WANTED[name.replace(/^[\d.]+-/, '')];
    const findings = explainLog(read(name));
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    const [line, remedy, cause] = what ?? [undefined, 'machine', /no function scx_bpf_create_dsq/];
    expect(finding).toMatchObject({ remedy, cause: expect.stringMatching(cause) });
    if (line !== undefined) {
      expect(finding).toMatchObject({
        file: name.includes('-x') ? 'brokenx.pvpolicy' : 'broken.pvpolicy',
        line,
      });
    } else {
      expect(finding?.file?.endsWith('.pvpolicy')).not.toBe(true);
    }
  });

  it('finds lines where they are today, and hooks that the log leaves out', () => {
    const text = [
      'policy broken for tracing',
      '',
      'on tracepoint sched:sched_switch(preempt, prev, next) {',
      '        v.runs += 1',
      '}',
      'on tracepoint kvm:kvm_vcpu_wakeup(ns) {',
      '}',
    ].join('\n');
    const policy = { name: 'moved.pvpolicy', text };
    expect(explainLog(read('6.18-null'), policy)).toMatchObject([
      { file: 'moved.pvpolicy', line: 4, exact: true },
    ]);
    expect(explainLog(read('6.18-notp'), policy)).toMatchObject([{ line: 6, program: 'on_kvm_vcpu_wakeup' }]);
    expect(explainLog(read('7.3-args'), policy)).toMatchObject([{ line: 6 }]);
  });

  it('is found without the frame of libbpf, and in a log of a kernel that names no lines', () => {
    const [, body] = /BEGIN PROG LOAD LOG --\n([^]*)-- END/.exec(read('6.18-null')) ?? [];
    expect(explainLog(body ?? '')).toMatchObject([{ line: 15, program: undefined }]);
    const bare = (body ?? '').replace(/ @ \S+:\d+$/gm, '');
    expect(explainLog(bare)).toMatchObject([{ line: undefined, source: 'v.runs += 1' }]);
    expect(explainLog(bare, { name: 'a.pvpolicy', text: '\nv.runs += 1\n' })).toMatchObject([{ line: 2 }]);
  });

  it('tells of several programs, and gives what it does not know as it is', () => {
    const strange = read('7.3-null').replace(/map_value_or_null'/g, "new_kind!'");
    const findings = explainLog(read('6.18-write') + strange);
    expect(findings).toHaveLength(2);
    expect(findings[1]).toMatchObject({
      message: "R6 invalid mem access 'new_kind!'",
      cause: expect.stringContaining('R6 may be NULL here'),
      fix: expect.stringContaining('Add a NULL check'),
    });
  });
});

describe('text that is no log', () => {
  it('has no refusal', () => {
    expect(explainLog('')).toEqual([]);
    expect(explainLog('all went well\n')).toEqual([]);
  });

  it('never throws', () => {
    const parts = names()
      .flatMap((name) => read(name).split('\n'))
      .slice(0, 600);
    const line = fc.oneof(fc.constantFrom(...parts), fc.string());
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        explainLog(lines.join('\n'));
      }),
      { numRuns: runs(300) },
    );
  });
});

function names(): string[] {
  return readdirSync(LOGS).map((name) => name.replace(/\.log$/, ''));
}

it('a verdict without instructions is a refusal where it says why', () => {
  const size =
    'processed 1000001 insns (limit 1000000) max_states_per_insn 40 total_states 9 peak_states 9 mark_read 1\n';
  expect(explainLog(size)).toEqual([]);
  expect(explainLog(`verification time 12 usec\nstack depth 8\n${size}`)).toEqual([]);
  const [finding] = explainLog(`BPF program is too large. Processed 1000001 insn\n${size}`);
  expect(finding).toMatchObject({
    message: 'BPF program is too large. Processed 1000001 insn',
    remedy: 'policy',
  });
});
