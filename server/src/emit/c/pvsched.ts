import type { Handler } from '../../ir/ir.ts';
import { handlerLines, handlerName, handlerNames } from './handlers.ts';
import { kfunc } from './kfuncs.ts';
import { mapLines } from './maps.ts';
import { generated, type Line } from './printer.ts';
import { programText } from './program.ts';
import { timerLines } from './timers.ts';
import { countsVcpus, forgettingLines, handlersOf, listsVcpus } from './tracking.ts';
import { lifeLines, tracepointLines } from './tracing.ts';
import type { Unit } from './unit.ts';
import { upper } from './names.ts';

/** Events that the notify callback is called for, by the policy's name of the hook. */
const EVENTS = ['vmenter', 'vmexit', 'halt', 'intr_inj'] as const;

const eventName = (hook: string): string => `PVSCHED_VCPU_${upper(hook)}`;

const NEEDS = `No released kernel has struct pvsched_vcpu_ops: this needs the paravirt scheduling patches as posted in
April 2024 (RFC v2). Programs for it never sleep and may call base helpers only, so that what the guest
wrote comes through a map that the agent keeps, and actions are done by the agent.`;

/** NAME.bpf.c for the target pvsched: the three callbacks of a driver, which hand on to the policy's handlers. */
export function pvschedText(unit: Unit, sourceName: string): string {
  // The driver keeps track of vCPUs whether or not the policy asks for them.
  unit.features.add('vcpus');
  unit.features.add('vcpu-by-tid');
  unit.structs.use('pid', ['numbers']);
  unit.structs.use('upid', ['nr']);
  return programText(unit, `${unit.program.name}.bpf.c`, sourceName, {
    needs: NEEDS,
    includes: ['#include "pvsched.h"'],
    before: () => joinLines(unit),
    handlers: () => [...tracepointLines(unit), ...timerLines(unit), ...eventLines(unit), ...lifeLines(unit)],
    after: () => [...callbackLines(unit), ...forgettingLines(unit)],
  });
}

/** pvsched.h: the interface of the patches. */
export const PVSCHED_HEADER = `/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver interface of the paravirt scheduling patches (RFC v2, April 2024), as far as a driver in BPF uses it.
 * No released kernel has it.
 */
#ifndef __PVSCHED_H
#define __PVSCHED_H

#define PVSCHED_NAME_MAX 32

enum pvsched_vcpu_events {
	PVSCHED_VCPU_VMENTER = 0x1,
	PVSCHED_VCPU_VMEXIT = 0x2,
	PVSCHED_VCPU_HALT = 0x4,
	PVSCHED_VCPU_INTR_INJ = 0x8,	/* declared, but no code of the patches calls it */
};

struct pid;

struct pvsched_vcpu_ops {
	int (*pvsched_vcpu_register)(struct pid *pid);
	void (*pvsched_vcpu_unregister)(struct pid *pid);
	void (*pvsched_vcpu_notify_event)(void *addr, struct pid *pid, __u32 event);
	char name[PVSCHED_NAME_MAX];
	__u32 events;
};

#endif /* __PVSCHED_H */
`;

const NUMBER = [
  ...mapLines({
    name: 'joined',
    doc: 'vCPUs of each VM that have joined, which is what the next one is numbered.',
    type: 'HASH',
    entries: 'PV_VMS',
    key: 'u32',
    value: 'u32',
  }),
  'static __noinline u32 pv_number(u32 tgid)',
  '{',
  '\tu32 zero = 0, *n;',
  '',
  '\tbpf_map_update_elem(&joined, &tgid, &zero, BPF_NOEXIST);',
  '\tn = bpf_map_lookup_elem(&joined, &tgid);',
  '\treturn n ? __sync_fetch_and_add(n, 1) : 0;',
  '}',
  '',
];

/** A vCPU is known from its registration or its first event on: KVM may notify before it registers. */
function joinLines(unit: Unit): Line[] {
  kfunc(unit, 'bpf_task_from_pid');
  kfunc(unit, 'bpf_task_release');
  const lists = listsVcpus(unit);
  const counts = countsVcpus(unit);
  return generated(
    '/* The thread id in the initial pid namespace. */',
    'static __always_inline u32 pv_tid(struct pid *pid)',
    '{',
    '\treturn pid->numbers[0].nr;',
    '}',
    '',
    ...(counts ? NUMBER : []),
    '/* KVM may tell of a vCPU before it registers it, and registers it from other threads too. */',
    'static __noinline struct vcpu *pv_join(u32 tid)',
    '{',
    '\tstruct vcpu *v = pv_vcpu_by_tid(tid);',
    '\tstruct task_struct *p;',
    '',
    '\tif (v)',
    '\t\treturn v;',
    '\tp = bpf_task_from_pid(tid);',
    '\tif (!p)',
    '\t\treturn NULL;',
    '\tbpf_map_update_elem(&vcpus, &tid, &pv_zero_vcpu, BPF_NOEXIST);',
    '\tv = pv_vcpu_by_tid(tid);',
    '\tif (v) {',
    '\t\tv->tid = tid;',
    '\t\tv->tgid = p->tgid;',
    ...(counts ? ['\t\tv->id = pv_number(v->tgid);'] : []),
    ...lists.map((line) => `\t\t${line}`),
    '\t} else {',
    '\t\t__sync_fetch_and_add(&pv_health.states_lost, 1);',
    '\t}',
    '\tbpf_task_release(p);',
    '\treturn v;',
    '}',
    '',
  );
}

const pvschedNames = (unit: Unit): ReadonlyMap<Handler, string> =>
  handlerNames(unit, (handler) => (handler.hook.family === 'pvsched' ? `on_${handler.hook.name}` : ''));

/** The policy's handlers as functions of the vCPU. */
function eventLines(unit: Unit): Line[] {
  const names = pvschedNames(unit);
  return handlersOf(unit, 'pvsched').flatMap((handler) =>
    handlerLines(unit, handler, {
      section: undefined,
      head: (params) =>
        `static __always_inline void ${names.get(handler) ?? ''}(${params.join(', ') || 'struct vcpu *v'})`,
      plainReturn: 'return',
    }),
  );
}

function callbackLines(unit: Unit): Line[] {
  const { name } = unit.program;
  const callback = (event: string): string => handlerName(unit, `${name}_${event}`);
  const names = pvschedNames(unit);
  const calls = (hook: string): string[] =>
    handlersOf(unit, 'pvsched')
      .filter((handler) => handler.hook.name === hook)
      .map((handler) => `${names.get(handler) ?? ''}(v);`);
  const events = EVENTS.filter((event) => calls(event).length > 0);
  const register = calls('register');
  return generated(
    'SEC("struct_ops/pvsched_vcpu_reg")',
    `int BPF_PROG(${callback('register')}, struct pid *pid)`,
    '{',
    ...(register.length > 0
      ? [
          '\tstruct vcpu *v = pv_join(pv_tid(pid));',
          '',
          '\tif (!v)',
          '\t\treturn 0;',
          ...register.map((call) => `\t${call}`),
        ]
      : ['\tpv_join(pv_tid(pid));']),
    '\treturn 0;',
    '}',
    '',
    ...unregister(unit, callback('unregister'), calls('unregister')),
    ...notify(
      callback('notify_event'),
      events.map((event) => ({ event, calls: calls(event) })),
    ),
    'SEC(".struct_ops")',
    `struct pvsched_vcpu_ops ${name}_ops = {`,
    `\t.pvsched_vcpu_register = (void *)${callback('register')},`,
    `\t.pvsched_vcpu_unregister = (void *)${callback('unregister')},`,
    `\t.pvsched_vcpu_notify_event = (void *)${callback('notify_event')},`,
    ...(events.length > 0 ? [`\t.events = ${events.map(eventName).join(' | ')},`] : []),
    `\t.name = "${name}",`,
    '};',
    '',
  );
}

/** KVM may unregister a vCPU twice, and one that it never registered. */
function unregister(unit: Unit, name: string, calls: readonly string[]): string[] {
  const leaves = [
    ...calls,
    ...(unit.features.has('vm-vcpus') ? ['pv_remove_from_vm(pv_vm_state(v->tgid), tid);'] : []),
  ];
  return [
    'SEC("struct_ops/pvsched_vcpu_unreg")',
    `void BPF_PROG(${name}, struct pid *pid)`,
    '{',
    '\tu32 tid = pv_tid(pid);',
    ...(leaves.length > 0
      ? ['\tstruct vcpu *v = pv_vcpu_by_tid(tid);', '', '\tif (!v)', '\t\treturn;']
      : ['']),
    ...leaves.map((line) => `\t${line}`),
    '\tbpf_map_delete_elem(&vcpus, &tid);',
    '}',
    '',
  ];
}

function notify(
  name: string,
  events: readonly { readonly event: string; readonly calls: readonly string[] }[],
): string[] {
  return [
    '/* addr is NULL in the patches as posted. */',
    'SEC("struct_ops/pvsched_vcpu_notify_event")',
    `void BPF_PROG(${name}, void *addr, struct pid *pid, u32 event)`,
    '{',
    '\tu32 tid = pv_tid(pid);',
    '\tstruct vcpu *v = pv_vcpu_by_tid(tid);',
    '',
    '\tif (!v)',
    '\t\tv = pv_join(tid);',
    '\tif (!v)',
    '\t\treturn;',
    ...events.flatMap(({ event, calls }) => [
      `\tif (event & ${eventName(event)})${calls.length > 1 ? ' {' : ''}`,
      ...calls.map((call) => `\t\t${call}`),
      ...(calls.length > 1 ? ['\t}'] : []),
    ]),
    '}',
    '',
  ];
}
