import { CPU, CPUMASK, DURATION, RATIO, STRING, TASK, VM, type Type } from './types.ts';

/** A portable verb. How it is delivered is the target's (see `kernel/delivery.ts`); the meaning is the same everywhere. */
export interface ActionInfo {
  readonly name: string;
  readonly params: readonly ActionParam[];
  readonly doc: string;
}

export interface ActionParam {
  readonly name: string;
  /** A `task` parameter takes a vcpu as well: its thread. */
  readonly type: Type;
  /** The argument is written `name: value`. */
  readonly labelled: boolean;
  readonly required: boolean;
}

const positional = (name: string, type: Type): ActionParam => ({
  name,
  type,
  labelled: false,
  required: true,
});
const labelled = (name: string, type: Type): ActionParam => ({ name, type, labelled: true, required: true });

const thread = positional('thread', TASK);

export const ACTIONS: readonly ActionInfo[] = [
  {
    name: 'boost',
    params: [
      thread,
      positional('class', { kind: 'sched_class' }),
      positional('prio', { kind: 'rt_prio' }),
      labelled('for', DURATION),
    ],
    doc: 'Runs the thread in `class` at `prio` until `unboost`, at most `for`; then its own class and priority return.',
  },
  { name: 'unboost', params: [thread], doc: 'Ends the boost of the thread, if there is one.' },
  {
    name: 'set_nice',
    params: [thread, positional('nice', { kind: 'nice' })],
    doc: 'Sets the nice value of the thread (−20 the most CPU, 19 the least).',
  },
  {
    name: 'set_weight',
    params: [thread, positional('weight', { kind: 'weight' })],
    doc: 'Sets the share of the thread against others (100 is nice 0).',
  },
  {
    name: 'set_uclamp',
    params: [thread, positional('low', RATIO), positional('high', RATIO)],
    doc: 'Bounds the utilization of the thread that frequency selection sees.',
  },
  {
    name: 'pin',
    params: [thread, positional('mask', CPUMASK)],
    doc: 'Restricts the thread to the CPUs of `mask`.',
  },
  { name: 'unpin', params: [thread], doc: 'Gives the thread back the affinity that it had before `pin`.' },
  {
    name: 'cap',
    params: [positional('vm', VM), positional('share', RATIO)],
    doc: 'Limits the CPU time of the VM to `share` of one CPU per vCPU.',
  },
  {
    name: 'set_halt_poll',
    params: [positional('vm', VM), positional('limit', DURATION)],
    doc: 'Limits how long KVM polls before a halted vCPU of the VM sleeps.',
  },
  {
    name: 'core_tag',
    params: [positional('vm', VM)],
    doc:
      'Lets only threads of this VM share a core with each other. Needs a kernel that is built with CONFIG_SCHED_CORE ' +
      '(Debian builds none) and cores with several hardware threads; elsewhere the agent says so, and nothing is tagged.',
  },
  { name: 'kick', params: [positional('cpu', CPU)], doc: 'Makes the CPU pass through its scheduler soon.' },
  {
    name: 'set_slice',
    params: [thread, positional('slice', DURATION)],
    doc: 'Sets the time slice of the thread.',
  },
  { name: 'signal', params: [positional('event', STRING)], doc: 'Tells user space that something happened.' },
];
