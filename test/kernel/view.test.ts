import { describe, expect, it } from 'vitest';
import { AGENT_LATENCY, delivery } from '../../server/src/kernel/delivery.ts';
import {
  PROFILES,
  compareVersions,
  kernelsFor,
  nameVersions,
  presence,
  type Profile,
} from '../../server/src/kernel/profiles.ts';
import { availability } from '../../server/src/kernel/renames.ts';
import { effectsAt } from '../../server/src/kernel/effects.ts';
import { callRow } from '../../server/src/kernel/catalogue.ts';
import { kernelView } from '../../server/src/kernel/view.ts';
import { ACTIONS } from '../../server/src/semantics/actions.ts';
import { show } from '../../server/src/semantics/types.ts';

const kernel = (id: string): Profile => PROFILES.find((profile) => profile.id === id)!;
const all = kernelView(kernelsFor('sched_ext', undefined));
const prototype = (name: string): string => {
  const call = all.call(name)!;
  return `(${call.params.map((p) => `${p.out ? 'out ' : ''}${p.name}: ${show(p.type)}`).join(', ')}) -> ${show(call.result)}`;
};

describe('the selection of kernels', () => {
  it('is every mainline kernel, the newer ones where the policy requires them, or the one that is picked', () => {
    expect(kernelsFor('tracing', undefined).label).toBe('6.12 to 7.3');
    expect(kernelsFor('sched_ext', '6.18').label).toBe('6.18 to 7.3');
    expect(kernelsFor('sched_ext', '7.3').label).toBe('7.3');
    expect(kernelsFor('tracing', undefined, '6.15').label).toBe('6.15');
    expect(kernelsFor('pvsched', undefined).label).toBe('pvsched-rfc-v2');
    expect(kernelsFor('pvsched', '6.12').label).toBe('pvsched-rfc-v2');
  });

  it('says when no kernel is left, and lets the newest stand in', () => {
    expect(kernelsFor('tracing', '8.0')).toMatchObject({ unsupported: true, label: '7.3' });
    expect(kernelsFor('tracing', '7.2').unsupported).toBe(false);
  });

  it('orders versions by numbers', () => {
    expect(compareVersions('6.9', '6.12')).toBeLessThan(0);
    expect(compareVersions('7.0', '6.19')).toBeGreaterThan(0);
    expect(compareVersions('6.12.107', '6.12')).toBe(0);
  });

  it('is named in as few words as possible', () => {
    const some = ['6.12', '6.13', '6.15', '7.2', '7.3'].map(kernel);
    expect(nameVersions(some)).toBe('6.12 to 6.13, 6.15, 7.2 to 7.3');
    expect(nameVersions([kernel('7.3'), kernel('pvsched-rfc-v2')])).toBe('7.3, pvsched-rfc-v2');
  });
});

describe('presence', () => {
  it('is unknown between the versions that were looked at', () => {
    const life = { maybe: '6.13', since: '6.18' };
    const found = ['6.12', '6.13', '6.17', '6.18', '7.3'].map((id) => presence(life, kernel(id)));
    expect(found).toEqual(['no', 'unknown', 'unknown', 'yes', 'yes']);
  });

  it('ends where a call was removed', () => {
    expect(presence(callRow('scx_bpf_cpu_rq')!, kernel('7.2'))).toBe('yes');
    expect(presence(callRow('scx_bpf_cpu_rq')!, kernel('7.3'))).toBe('no');
  });

  it('of hooks of pvsched is in its own profile only', () => {
    const view = kernelView(kernelsFor('pvsched', undefined));
    expect(view.hooks('pvsched').map(({ name }) => name)).toContain('vmexit');
    expect(view.hooks('op')).toEqual([]);
    expect(all.hooks('pvsched')).toEqual([]);
  });
});

describe('renamed calls', () => {
  it('are what each kernel calls them', () => {
    const spelled = (name: string, id: string): string => {
      const found = availability(name, kernel(id));
      return found.kind === 'row' ? found.row.name : found.kind;
    };
    expect(spelled('scx_bpf_dsq_insert', '6.12')).toBe('scx_bpf_dispatch');
    expect(spelled('scx_bpf_dispatch', '6.18')).toBe('scx_bpf_dsq_insert');
    expect(spelled('scx_bpf_dispatch', '7.3')).toBe('scx_bpf_dsq_insert___v2');
    expect(spelled('scx_bpf_consume', '7.1')).toBe('scx_bpf_dsq_move_to_local___v2');
    expect(spelled('scx_bpf_select_cpu_and', '6.15')).toBe('absent');
    expect(spelled('scx_bpf_task_set_slice', '6.18')).toBe('fallback');
    expect(spelled('scx_bpf_dsq_insert', 'pvsched-rfc-v2')).toBe('absent');
  });
});

describe('effects', () => {
  const effects = (name: string, id: string) => effectsAt(callRow(name)!, kernel(id));
  it('are those of the version that was read, and of both between two that were', () => {
    expect(effects('scx_bpf_cpuperf_set', '6.12')).toEqual([]);
    expect(effects('scx_bpf_cpuperf_set', '6.15')).toEqual(['acquires_rq_lock']);
    expect(effects('scx_bpf_cpuperf_set', '7.3')).toEqual(['acquires_rq_lock']);
    expect(effects('bpf_wq_start', '6.12')).toContain('wakes_task_synchronously');
    expect(effects('bpf_wq_start', '7.1')).toContain('wakes_task_synchronously');
    expect(effects('bpf_wq_start', '7.2')).toEqual([]);
  });
});

describe('types', () => {
  it('of calls say what their numbers mean', () => {
    expect(prototype('scx_bpf_dsq_insert')).toBe(
      '(p: task, dsq_id: dsq, slice: duration, enq_flags: scx_enq_flags) -> void',
    );
    expect(prototype('scx_bpf_select_cpu_dfl')).toBe(
      '(p: task, prev_cpu: cpu, wake_flags: scx_wake_flags, out is_idle: bool) -> (cpu, bool)',
    );
    expect(prototype('scx_bpf_pick_idle_cpu')).toBe(
      '(cpus_allowed: cpumask, flags: scx_pick_idle_cpu_flags) -> cpu?',
    );
    expect(prototype('scx_bpf_kick_cpu')).toBe('(cpu: cpu, flags: scx_kick_flags) -> void');
    expect(prototype('scx_bpf_dsq_move')).toBe('(p: task, dsq_id: dsq, enq_flags: scx_enq_flags) -> bool');
    expect(prototype('bpf_task_from_pid')).toBe('(pid: s32) -> task?');
  });

  it('of hooks narrow what the kernel may leave out', () => {
    const params = (family: 'op' | 'tracepoint', name: string) =>
      all.hook(family, name)?.params.map((p) => `${p.name}: ${show(p.type)}`);
    expect(params('op', 'dispatch')).toEqual(['cpu: cpu', 'prev: task?']);
    expect(params('op', 'select_cpu')).toEqual(['p: task', 'prev_cpu: cpu', 'wake_flags: scx_wake_flags']);
    expect(params('tracepoint', 'sched_migrate_task')).toEqual(['p: task', 'dest_cpu: cpu']);
    expect(show(all.hook('op', 'select_cpu')!.result)).toBe('cpu');
    expect(all.hook('tracepoint', 'sys_enter')?.system).toBe('raw_syscalls');
  });

  it('of fields are those of the language, and only what a program may write can be written', () => {
    expect(show(all.field('sched_ext_entity', 'slice')!.type)).toBe('duration');
    expect(show(all.field('sched_ext_entity', 'dsq_vtime')!.type)).toBe('vtime');
    expect(show(all.field('task_struct', 'cpus_ptr')!.type)).toBe('cpumask');
    const writable = ['task_struct', 'sched_ext_entity', 'sched_entity', 'kvm_vcpu'].flatMap((struct) =>
      all
        .fields(struct)
        .filter((field) => field.writable)
        .map((field) => `${struct}.${field.name}`),
    );
    expect(writable).toEqual([
      'sched_ext_entity.slice',
      'sched_ext_entity.dsq_vtime',
      'sched_ext_entity.disallow',
    ]);
  });

  it('of constants have no value where the versions differ', () => {
    expect(all.constant('SCX_ENQ_WAKEUP')?.value).toBe(1n);
    expect(all.constant('SCX_SLICE_DFL')?.value).toBe(20_000_000n);
    expect(all.constant('SCX_DSQ_LOCAL')?.value).toBe(0x8000000000000002n);
    expect(all.constant('SCX_ENQ_HEAD')?.value).toBeUndefined();
    expect(all.constant('SCX_ENQ_HEAD')?.enumName).toBe('scx_enq_flags');
  });
});

describe('delivery', () => {
  it('is said for every action, on every target and kernel', () => {
    for (const { name } of ACTIONS) {
      for (const profile of PROFILES) {
        for (const target of ['tracing', 'sched_ext', 'pvsched'] as const) {
          const how = delivery(name, target, profile);
          if (how.kind === 'none') expect(how.targets, `${name} ${target}`).not.toEqual([]);
          if (how.kind === 'none') expect(how.targets).not.toContain(target);
        }
      }
    }
  });

  it('of a boost is by the agent, unless an out-of-tree kernel does it at once', () => {
    expect(delivery('boost', 'pvsched', kernel('pvsched-rfc-v2')).kind).toBe('agent');
    const outOfTree = { calls: [], delivers: { boost: 'pv_boost' } };
    expect(delivery('boost', 'pvsched', kernel('pvsched-rfc-v2'), outOfTree)).toMatchObject({
      kind: 'inline',
      call: 'pv_boost',
    });
  });

  it('of a slice is a kfunc where the kernel has it', () => {
    expect(delivery('set_slice', 'sched_ext', kernel('6.18')).kind).toBe('write');
    expect(delivery('set_slice', 'sched_ext', kernel('6.19')).kind).toBe('inline');
    expect(delivery('set_slice', 'tracing', kernel('6.19')).kind).toBe('none');
  });

  it('by the agent has the latency that was measured', () => {
    expect(AGENT_LATENCY.from < AGENT_LATENCY.to && AGENT_LATENCY.to < AGENT_LATENCY.worst).toBe(true);
  });
});
