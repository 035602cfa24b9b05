import { describe, expect, it } from 'vitest';
import { PROFILES, type Profile } from '../../server/src/kernel/profiles.ts';
import { compare, grouped, matrixOf, type Cell } from '../../server/src/safety/matrix.ts';

const kernel = (id: string): Profile => PROFILES.find((profile) => profile.id === id)!;
const old = matrixOf(kernel('6.12'));
const now = matrixOf(kernel('7.3'));

const cell = (matrix: typeof old, hook: string, call: string): Cell | undefined =>
  matrix.cells[matrix.hooks.indexOf(hook)]?.[matrix.calls.indexOf(call)];

describe('the matrix of hooks and calls', () => {
  it.each([
    ['6.12', 'sched:sched_switch', 'bpf_wq_start', 'deferred', 'PV4003'],
    ['7.3', 'sched:sched_switch', 'bpf_wq_start', 'allowed', undefined],
    ['7.3', 'sched:sched_waking', 'bpf_wq_start', 'never', 'PV4008'],
    ['6.12', 'sched:sched_switch', 'scx_bpf_cpuperf_set', 'allowed', undefined],
    ['7.3', 'sched:sched_switch', 'scx_bpf_cpuperf_set', 'deferred', 'PV4001'],
    ['7.3', 'op running', 'scx_bpf_cpuperf_set', 'allowed', undefined],
    ['7.3', 'op enqueue', 'scx_bpf_dsq_insert', 'allowed', undefined],
    ['7.3', 'op running', 'scx_bpf_dsq_insert', 'never', 'PV4010'],
    ['7.3', 'op dispatch', 'scx_bpf_dsq_move_to_local', 'allowed', undefined],
    ['7.3', 'op init', 'scx_bpf_create_dsq', 'allowed', undefined],
    ['7.3', 'op dispatch', 'scx_bpf_create_dsq', 'never', 'PV4011'],
    ['7.3', 'nmi:nmi_handler', 'scx_bpf_kick_cpu', 'deferred', 'PV4006'],
  ] as const)('of %s: %s, %s', (id, hook, call, permission, why) => {
    const matrix = id === '6.12' ? old : now;
    expect(cell(matrix, hook, call), `${hook} ${call}`).toEqual({ permission, ...(why && { why }) });
  });

  it('is complete: a cell for each pair of what the kernel has', () => {
    for (const { hooks, calls, cells } of [old, now]) {
      expect(cells).toHaveLength(hooks.length);
      for (const row of cells) expect(row).toHaveLength(calls.length);
    }
  });

  it('says the same in groups', () => {
    const { hooks, calls } = grouped(now);
    expect(hooks.flatMap(({ names }) => names).toSorted()).toEqual(now.hooks.toSorted());
    expect(calls.flatMap(({ names }) => names).toSorted()).toEqual(now.calls.toSorted());
    for (const group of calls) {
      for (const call of group.names) {
        hooks.forEach(({ names }, i) => {
          for (const hook of names) expect(cell(now, hook, call)).toEqual(group.cells[i]);
        });
      }
    }
  });
});

describe('what changed from 6.12 to 7.3', () => {
  const { hooks, calls, cells } = compare(old, now);
  const changed = (call: string, hook: string) =>
    cells.find((change) => change.call === call && change.hooks.includes(hook));

  it('has the calls whose safety turned round', () => {
    expect(changed('bpf_wq_start', 'sched:sched_switch')).toMatchObject({
      from: { permission: 'deferred', why: 'PV4003' },
      to: { permission: 'allowed' },
    });
    expect(changed('scx_bpf_cpuperf_set', 'sched:sched_switch')).toMatchObject({
      from: { permission: 'allowed' },
      to: { permission: 'deferred', why: 'PV4001' },
    });
  });

  it('has what came and went', () => {
    expect(hooks.added).toContain('sched:sched_exit_tp');
    expect(hooks.removed).toEqual([]);
    expect(calls.removed).toContain('scx_bpf_cpu_rq');
    expect(calls.added).toContain('scx_bpf_select_cpu_and');
  });

  it('is nothing between a kernel and itself', () => {
    expect(compare(now, now)).toEqual({
      hooks: { added: [], removed: [] },
      calls: { added: [], removed: [] },
      cells: [],
    });
  });
});
