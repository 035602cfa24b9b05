import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
import { pvpolicy } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-run-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const UNTIDY =
  'policy untidy for tracing\ncounter  switches\non tracepoint sched:sched_switch(preempt,prev,next,prev_state){\nswitches+=1\n}\n';
const UNSAFE =
  'policy unsafe for tracing\n\non tracepoint sched:sched_switch(preempt, prev, next, prev_state) {\n    if let v = vcpu(next) { boost(v, FIFO, 8, for: 5ms) }\n}\n';

describe('fmt', () => {
  test('formats in place, once', async () => {
    const path = file('untidy.pvpolicy', UNTIDY);
    const checked = await pvpolicy(['fmt', '--check', path]);
    expect(checked).toEqual({ status: 1, out: `${path}: would be formatted\n`, err: '' });
    expect(readFileSync(path, 'utf8')).toBe(UNTIDY);
    expect(await pvpolicy(['fmt', path])).toEqual({ status: 0, out: `${path}: formatted\n`, err: '' });
    expect(readFileSync(path, 'utf8')).toContain('    switches += 1\n');
    expect(await pvpolicy(['fmt', path])).toEqual({ status: 0, out: '', err: '' });
    expect((await pvpolicy(['fmt', '--check', path])).status).toBe(0);
  });

  test('- reads standard input and writes standard output', async () => {
    const { status, out } = await pvpolicy(['fmt', '-'], { input: UNTIDY });
    expect(status).toBe(0);
    expect(out).toContain('    switches += 1\n');
    expect((await pvpolicy(['fmt', '-'], { input: out })).out).toBe(out);
  });

  test('--json tells what became of each file', async () => {
    const path = file('other.pvpolicy', UNTIDY);
    const { status, out } = await pvpolicy(['fmt', '--json', path, join(folder, 'missing')]);
    expect(status).toBe(2);
    const { files } = JSON.parse(out);
    expect(files.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['changed', 'unreadable']);
  });
});

describe('compile', () => {
  test('writes the files and lists them, with the same bytes each time', async () => {
    const out = join(folder, 'deep', 'out');
    const run = await pvpolicy(['compile', 'examples/spin_guard.pvpolicy', '-o', out]);
    expect([run.status, run.err]).toEqual([0, '']);
    const listed = run.out.trimEnd().split('\n');
    expect(listed).toContain(join(out, 'spin_guard.bpf.c'));
    expect(listed.toSorted()).toEqual(
      readdirSync(out)
        .map((name) => join(out, name))
        .toSorted(),
    );
    const first = listed.map((path) => readFileSync(path, 'utf8'));
    expect(first.join('\n')).toContain('SEC("tp_btf/sched_switch")');
    await pvpolicy(['compile', 'examples/spin_guard.pvpolicy', '-o', out]);
    expect(listed.map((path) => readFileSync(path, 'utf8'))).toEqual(first);
  });

  test('refuses a policy with errors, and writes nothing', async () => {
    const out = join(folder, 'refused');
    const path = file('unsafe.pvpolicy', UNSAFE);
    const text = await pvpolicy(['compile', path, '-o', out]);
    expect([text.status, text.out]).toEqual([1, '']);
    expect(text.err).toMatch(/unsafe\.pvpolicy:4:29: error PV4/u);
    const json = await pvpolicy(['compile', path, '-o', out, '--json']);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.out).files[0].diagnostics[0].code).toMatch(/^PV4/u);
    expect(existsSync(out)).toBe(false);
  });

  test('--object without a clang writes the C, says what is missing, and ends with status 2', async () => {
    const out = join(folder, 'no-clang');
    const args = [
      'compile',
      'examples/spin_guard.pvpolicy',
      '-o',
      out,
      '--object',
      '--clang',
      join(folder, 'none'),
    ];
    const run = await pvpolicy(args);
    expect(run.status).toBe(2);
    expect(run.err).toContain('PV6001');
    expect(run.out).toContain(join(out, 'spin_guard.bpf.c'));
    expect(readdirSync(out)).not.toContain('spin_guard.bpf.o');
    const { diagnostics } = JSON.parse((await pvpolicy([...args, '--json'])).out);
    expect(diagnostics).toMatchObject([{ code: 'PV6001', severity: 'error' }]);
  });

  test('a policy that BPF has no room for is refused at its name', async () => {
    const name = `p${'x'.repeat(200)}`;
    const path = file('long.pvpolicy', UNTIDY.replace('untidy', name));
    const { status, out } = await pvpolicy(['check', path]);
    expect(status).toBe(1);
    expect(out).toContain('long.pvpolicy:1:8: error PV6005');
  });

  test('says why a folder cannot be written', async () => {
    const { status, err } = await pvpolicy([
      'compile',
      'examples/spin_guard.pvpolicy',
      '-o',
      file('occupied', 'a file'),
    ]);
    expect(status).toBe(2);
    expect(err).toContain('cannot be written');
    expect(err).not.toMatch(/\n\s+at /u);
  });
});

describe('simulate', () => {
  const example = 'examples/spin_guard.pvpolicy';

  test("replays the scenario's trace and shows hooks, hits, decisions, counters and promises", async () => {
    const { status, out, err } = await pvpolicy(['simulate', example]);
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('spin_guard over examples/traces/eevdf-3vm.trace.gz, scenario three_vms');
    expect(out).toMatch(/^tracepoint sched:sched_switch +51 +615$/mu);
    expect(out).toMatch(/^ +615 +52 {6}let t = now\(\)$/mu);
    expect(out).toMatch(/^boosts +smp +1$/mu);
    expect(out).toMatch(/^ok +\d+ +expect sum\(boosts of smp\) > 0 +measured 1$/mu);
    expect(out).toMatch(/^What if: how well the model reproduces the recording: (good|fair|poor)$/mu);
    expect(out).toMatch(/^smp +eevdf .*\nsmp +spin_guard /mu);
  });

  test('--json has the shape that scripts rely on, and the same bytes each time', async () => {
    const run = () => pvpolicy(['simulate', example, '--json', '--mode', 'replay']);
    const { status, out, err } = await run();
    expect([status, err]).toEqual([0, '']);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      version: 1,
      policy: 'spin_guard',
      trace: { events: 4087, duration_ns: 399873000, cpus: 2 },
    });
    expect(report.replay.hooks[0]).toEqual({ hook: 'tracepoint sched:sched_switch', line: 51, fired: 615 });
    expect(report.replay.lines).toContainEqual({ line: 52, hits: 615 });
    expect(report.replay.decisions[0]).toMatchObject({ cpu: 0, action: 'boost', target: expect.any(String) });
    expect(report.expectations).toContainEqual(
      expect.objectContaining({ line: 97, text: 'sum(boosts of smp) > 0', ok: true, measured: 1 }),
    );
    expect((await run()).out).toBe(out);
  });

  test('--param changes what the policy does', async () => {
    const { out } = await pvpolicy(['simulate', example, '--json', '--param', 'spin_after=50ms']);
    expect(JSON.parse(out).replay.actions).toEqual({});
    const wrong = await pvpolicy(['simulate', example, '--param', 'spin_after=1h']);
    expect(wrong.status).toBe(2);
    expect(wrong.err).toContain('PV7056');
  });

  test('ends with status 1 where an expectation fails', async () => {
    const text = readFileSync(example, 'utf8').replace('sum(boosts of smp) > 0', 'sum(boosts of smp) > 1000');
    const trace = 'examples/traces/eevdf-3vm.trace.gz';
    const { status, out } = await pvpolicy(['simulate', file('fails.pvpolicy', text), '--trace', trace]);
    expect(status).toBe(1);
    expect(out).toMatch(/^FAILED +97 +expect sum\(boosts of smp\) > 1000 +measured 1$/mu);
  });

  test('shows the diagnostics of a policy with errors, and of a trace that does not fit', async () => {
    const path = file('unsafe.pvpolicy', UNSAFE);
    const unsafe = await pvpolicy(['simulate', path, '--trace', 'examples/traces/eevdf-3vm.trace.gz']);
    expect([unsafe.status, unsafe.out]).toEqual([1, '']);
    expect(unsafe.err).toMatch(/error PV4/u);
    const other = await pvpolicy(['simulate', example, '--trace', 'package.json']);
    expect(other.status).toBe(2);
    expect(other.err).toContain('package.json: is JSON');
  });
});

describe('trace info', () => {
  test('tells events and VMs', async () => {
    const { status, out } = await pvpolicy(['trace', 'info', 'examples/traces/eevdf-3vm.trace.gz']);
    expect(status).toBe(0);
    expect(out).toMatch(/^sched_switch +615$/mu);
    expect(out).toMatch(/^vm-172 +1 +173 +146\.9 ms +47\.5 ms +35 +54 +msr 54, hlt 48, /mu);
  });

  test('tells no figure that no event of the trace tells', async () => {
    const { out } = await pvpolicy(['trace', 'info', 'examples/traces/kvm-overcommit4.trace.gz']);
    expect(out).toMatch(/^vm-22732 +0 +22743 +\d+\.\d ms +– +\d+ +– +–$/mu);
  });

  test('--json has the shape that scripts rely on', async () => {
    const { out } = await pvpolicy(['trace', 'info', '--json', 'examples/traces/eevdf-3vm.trace.gz']);
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      format: 'ftrace-text',
      cpus: 2,
      duration_ns: 399873000,
      events: { sched_switch: 615, kvm_entry: 725 },
      lost: 0,
      vms: [
        { vcpus: [{ id: 0, tid: 169 }] },
        {
          vcpus: [
            { id: 0, tid: 172 },
            { id: 1, tid: 173 },
          ],
        },
      ],
    });
  });
});

lane('clang', 'compile --object', findClang, () => {
  test('writes the object too', async () => {
    const out = join(folder, 'object');
    const run = await pvpolicy(['compile', 'examples/spin_guard.pvpolicy', '-o', out, '--object']);
    expect([run.status, run.err]).toEqual([0, '']);
    const object = readFileSync(join(out, 'spin_guard.bpf.o'));
    expect(object.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    expect(run.out).toContain(join(out, 'spin_guard.bpf.o'));
  });
});
