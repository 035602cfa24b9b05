import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CALLS, OPS, hookRow, type CallRow } from '../../server/src/kernel/catalogue.ts';
import { PROFILES, presence, type Profile } from '../../server/src/kernel/profiles.ts';
import type { HookContext, ProgramKind } from '../../server/src/safety/context.ts';
import { denial } from '../../server/src/safety/permission.ts';

interface Matrix {
  readonly every_op: readonly string[];
  readonly ops: readonly { readonly contexts: readonly string[]; readonly plus: readonly string[] }[];
  readonly tracing: readonly string[];
  readonly syscall: readonly string[];
}

const matrix = JSON.parse(readFileSync('test/fixtures/kernel/kfunc-matrix-7.3.json', 'utf8')) as Matrix;
const kernel = (id: string): Profile => PROFILES.find((profile) => profile.id === id)!;

function contextIn(kind: ProgramKind, op?: string): HookContext {
  const row = op === undefined ? undefined : hookRow('op', op);
  return {
    title: '',
    kind,
    target: 'sched_ext',
    op,
    row,
    forbids: new Set(),
    locks: [],
    nmi: false,
    site: '',
  };
}

// The stub of the measurement failed on the arena argument before the kernel tested the permission.
const scx = CALLS.filter((row) => row.name.includes('scx_bpf_') || row.name.includes('scx_dsq')).filter(
  (row) => row.name !== 'scx_bpf_cid_override' && presence(row, kernel('7.3')) === 'yes',
);

const allowed = (rows: readonly CallRow[], context: HookContext, profile: Profile): string[] =>
  rows.filter((row) => denial(row, context, profile) === undefined).map((row) => row.name);

describe('the op table of 7.3', () => {
  for (const { contexts, plus } of matrix.ops) {
    for (const measured of contexts) {
      const op = measured.replace(' (sleepable)', '');
      // An op that may sleep is compiled to a sleepable program; the other measurement is of what nobody writes.
      const sleepable = hookRow('op', op)?.sleeps !== undefined;
      if (sleepable !== measured.includes('(sleepable)')) continue;
      it(`is what the kernel accepts in ${op}`, () => {
        const expected = [...matrix.every_op, ...plus].filter((name) => scx.some((row) => row.name === name));
        expect(allowed(scx, contextIn('scx', op), kernel('7.3')).toSorted()).toEqual(expected.toSorted());
      });
    }
  }

  it('was measured for every op that loads', () => {
    const measured = new Set(
      matrix.ops.flatMap(({ contexts }) => contexts.map((one) => one.replace(/ .*/, ''))),
    );
    const missing = OPS.filter((row) => !measured.has(row.name)).map((row) => row.name);
    expect(missing).toEqual(['sub_caps_updated', 'sub_ecaps_updated']);
  });
});

describe('the ops of schedulers that name CPUs by cids', () => {
  it('may not make the calls that take the number of a CPU, and all else as their counterparts', () => {
    const [ops, cids] = [contextIn('scx', 'select_cpu'), contextIn('scx', 'select_cid')];
    const refused = allowed(scx, ops, kernel('7.3')).filter(
      (name) => !allowed(scx, cids, kernel('7.3')).includes(name),
    );
    expect(refused).toContain('scx_bpf_kick_cpu');
    expect(refused).not.toContain('scx_bpf_kick_cid');
    for (const name of refused)
      expect(CALLS.find((row) => row.name === name)?.sets, name).toContain('scx_kfunc_ids_cpu_only');
  });
});

describe('calls outside of ops on 7.3', () => {
  const kfuncs = CALLS.filter(
    (row) => row.class === 'kfunc' && presence(row, kernel('7.3')) === 'yes',
  ).filter((row) => row.name !== 'scx_bpf_cid_override');
  // The stubs of programs that cannot sleep were refused for the flag, not for the program.
  const awake = kfuncs.filter((row) => !row.flags?.includes('sleepable'));

  it('of tracing programs are those that the kernel accepts', () => {
    const expected = awake.map((row) => row.name).filter((name) => matrix.tracing.includes(name));
    expect(allowed(awake, contextIn('tracing'), kernel('7.3'))).toEqual(expected);
  });

  it('of syscall programs are those that the kernel accepts', () => {
    const expected = kfuncs.map((row) => row.name).filter((name) => matrix.syscall.includes(name));
    expect(allowed(kfuncs, contextIn('syscall'), kernel('7.3'))).toEqual(expected);
  });

  it('of pvsched callbacks never are of sched_ext', () => {
    expect(allowed(scx, contextIn('pvsched'), kernel('pvsched-rfc-v2'))).toEqual([]);
  });
});

describe('older kernels', () => {
  const row = (name: string): CallRow => CALLS.find((one) => one.name === name)!;

  it('abort at run time what 7.1 refuses to load', () => {
    const context = contextIn('scx', 'enqueue');
    expect(denial(row('scx_bpf_dsq_move_to_local'), context, kernel('6.13'))?.when).toBe('run');
    expect(denial(row('scx_bpf_dsq_move_to_local'), context, kernel('7.0'))?.when).toBe('run');
    expect(denial(row('scx_bpf_dsq_move_to_local'), context, kernel('7.1'))?.when).toBe('load');
  });

  it('allow scx_bpf_select_cpu_dfl in enqueue from 6.16 on', () => {
    const may = PROFILES.filter((profile) => profile.mainline).filter(
      (profile) => denial(row('scx_bpf_select_cpu_dfl'), contextIn('scx', 'enqueue'), profile) === undefined,
    );
    expect(may[0]?.id).toBe('6.16');
    expect(may).toHaveLength(8);
  });

  it('let scx_bpf_create_dsq be called only where it may sleep', () => {
    for (const profile of PROFILES.filter((one) => one.mainline)) {
      expect(denial(row('scx_bpf_create_dsq'), contextIn('scx', 'init'), profile)).toBeUndefined();
      expect(denial(row('scx_bpf_create_dsq'), contextIn('scx', 'dispatch'), profile)).toBeDefined();
    }
    expect(denial(row('scx_bpf_create_dsq'), contextIn('scx', 'dump'), kernel('7.3'))?.kind).toBe(
      'sleepable',
    );
  });
});
