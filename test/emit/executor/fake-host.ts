import type { Host, Value } from '../../../server/src/emit/executor/host.ts';
import { canonical } from '../../../server/src/emit/executor/number.ts';

/** A small machine: vCPUs 10 and 11 of VM 0, and 20 of VM 1, on four CPUs. What the policy asks for is in `asked`. */
export interface FakeHost extends Host {
  readonly asked: string[];
  time: number;
  task: number;
  cpu: number;
  readonly hints: Map<string, Value>;
  readonly rows: Map<string, Value>;
}

const VM_OF: Readonly<Record<number, number>> = { 10: 0, 11: 0, 20: 1 };

export function fakeHost(): FakeHost {
  const fields = new Map<string, Value>();
  const host: FakeHost = {
    asked: [],
    time: 1_000_000_000,
    task: 10,
    cpu: 0,
    hints: new Map(),
    rows: new Map(),
    now: () => host.time,
    currentTask: () => host.task,
    currentVcpu: () => (VM_OF[host.task] === undefined ? undefined : host.task),
    vcpuOfTask: (task) => (VM_OF[task] === undefined ? undefined : task),
    thisCpu: () => host.cpu,
    vmOfVcpu: (vcpu) => VM_OF[vcpu] ?? -1,
    vcpuId: (vcpu) => vcpu % 10,
    vmId: (vm) => 100 + vm,
    vms: () => [0, 1],
    vcpusOf: (vm) => (vm === 0 ? [10, 11] : [20]),
    taskPid: (task) => task,
    taskTgid: (task) => task,
    taskComm: (task) => `task${task}`,
    isKthread: (task) => task < 3,
    canRunOn: (_, cpu) => cpu < 4,
    allCpus: () => 0xfn,
    dsqLen: () => 0,
    dsqTasks: () => [],
    waiting: () => 0,
    boostedFor: () => 0,
    table: (name) => (key) => host.rows.get(`${name} ${String(key)}`),
    hint: (field) => (vcpu) => host.hints.get(`${vcpu} ${field}`) ?? 0,
    kernelField: (_, path) => ({
      load: (object) => fields.get(`${object} ${path.join('.')}`) ?? 0,
      store: (object, value) => void fields.set(`${object} ${path.join('.')}`, value),
    }),
    kernelConstant: (_, value) => canonical(value ?? 0n),
    kernelCall: (call) => (args) => {
      host.asked.push(`${call.name}(${args.join(', ')})`);
      return 0;
    },
    action: (action) => (args) => void host.asked.push(`${action.name}(${args.map(String).join(', ')})`),
    log: () => (text) => void host.asked.push(`log ${text}`),
  };
  return host;
}
