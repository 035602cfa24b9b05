import type { ActionRunner, Host, Site, Value } from '../emit/executor/host.ts';
import { canonical, type Num } from '../emit/executor/number.ts';
import { zeroValue } from '../emit/executor/store.ts';
import type { Program } from '../ir/ir.ts';
import { beginBoost, boostedFor, endBoost } from './boosts.ts';
import { actionRecorder, type Inspection } from './decide.ts';
import { OWN_BITS } from './flags.ts';
import { hintAt } from './hints.ts';
import { canRunOn, kernelCall } from './kernel-calls.ts';
import { kernelField, tgidOf } from './kernel-fields.ts';
import { resolveQueue, tasksIn } from './queues.ts';
import { recordLog } from './recorder.ts';
import { commAt, looksLikeKthread, pidOf } from './tasks.ts';
import { RUNNABLE, threadOf } from './threads.ts';
import { noter, noteUnknown, type World } from './world.ts';

/** The machine that a policy sees in replay: every answer comes from the trace. */
export function replayHost(world: World, inspection: Inspection): Host {
  const { moment, machines, schedule, trace, queues } = world;
  const everyVm = machines.vms.map((_, index) => index);
  const vcpusByVm = machines.vms.map((vm) => vm.vcpus.map(({ tid }) => tid));
  return {
    now: () => world.clock(moment.t),
    currentTask: () => moment.tid,
    currentVcpu: () => (machines.vcpuOf.has(moment.tid) ? moment.tid : undefined),
    vcpuOfTask: (tid) => (machines.vcpuOf.has(tid) ? tid : undefined),
    thisCpu: () => moment.cpu,
    vmOfVcpu: (vcpu) => machines.vmOf.get(vcpu) ?? -1,
    vcpuId: (vcpu) => machines.vcpuOf.get(vcpu)?.id ?? 0,
    vmId: (vm) => machines.vms[vm]?.id ?? 0,
    vms: () => everyVm,
    vcpusOf: (vm) => vcpusByVm[vm] ?? [],
    taskPid: pidOf,
    taskTgid: (tid) => tgidOf(world, tid),
    taskComm: (tid) => commAt(trace, tid, moment.t),
    isKthread: (tid) => {
      noteUnknown(world, 'which threads are the kernel\u2019s own', 'those that are named so');
      return looksLikeKthread(trace, tid, threadOf(schedule, tid).parent);
    },
    canRunOn: (tid, cpu) => canRunOn(world, tid, cpu),
    allCpus: () => (1n << BigInt(trace.cpus)) - 1n,
    dsqLen: (dsq) => tasksIn(queues, resolveQueue(dsq, moment.cpu)).length,
    dsqTasks: (dsq) => tasksIn(queues, resolveQueue(dsq, moment.cpu)).map(({ tid }) => tid),
    waiting: (tid) => {
      const thread = schedule.threads.get(tid);
      return thread?.state === RUNNABLE ? moment.t - thread.since : 0;
    },
    boostedFor: (tid) => boostedFor(world.boosts, moment.t, tid),
    // The operator fills tables when the policy is loaded; the scenario says with what.
    table: (name) => {
      const entries = world.tables.get(name);
      if (entries) return (key) => entries.get(key);
      const note = noter(world, `entries of the table ${name}`, 'its default');
      return () => {
        note();
        return undefined;
      };
    },
    hint: (field) => hintReader(world, field),
    kernelField: (root, path, type) => kernelField(world, root, path, type),
    kernelConstant: (name, value) => kernelConstant(world, name, value),
    kernelCall: (call, site) => kernelCall(world, call, site),
    action: (action, site) => actionRunner(world, inspection, action.name, action.deferred, site),
    log: (site) => (text) => {
      const { t, cpu, handler } = moment;
      recordLog(world.recorder, () => ({ t, cpu, handler, start: site.span.start, text }));
    },
  };
}

function hintReader(world: World, field: string): (vcpu: number) => Value {
  const zero = zeroHint(world.program, field);
  const assumed = world.hints.running.some(({ assumption }) => assumption.field === field);
  if (assumed) return (vcpu) => hintAt(world.hints, field, vcpu, world.moment.t) ?? zero;
  const note = noter(world, `hint.${field}`, String(zero));
  return () => {
    note();
    return zero;
  };
}

/** What a page that no guest has written holds. */
function zeroHint(program: Program, field: string): Value {
  const type = program.hint.find(({ name }) => name === field)?.type;
  return type?.kind === 'scalar' ? zeroValue(type.type) : 0;
}

function kernelConstant(world: World, name: string, value: bigint | undefined): Num {
  const known = value ?? OWN_BITS[name];
  if (known === undefined) noteUnknown(world, `the kernel\u2019s ${name}`, '0');
  return canonical(known ?? 0n);
}

function actionRunner(
  world: World,
  inspection: Inspection,
  name: string,
  deferred: boolean,
  site: Site,
): ActionRunner {
  const { boosts, moment } = world;
  const remember: ActionRunner = actionRecorder(world, inspection, name, deferred, site);
  switch (name) {
    case 'boost':
      return (args) => {
        const [tid, schedClass, prio, length] = args;
        beginBoost(boosts, moment.t, Number(tid), Number(schedClass), Number(prio), Number(length));
        remember(args);
      };
    case 'unboost':
      return (args) => {
        endBoost(boosts, moment.t, Number(args[0]));
        remember(args);
      };
    case 'set_slice':
      return (args) => {
        threadOf(world.schedule, Number(args[0])).slice = args[1] as Num;
        remember(args);
      };
    default:
      return remember;
  }
}
