import type { Intrinsic } from '../../ir/ir.ts';
import type { Code } from './binary.ts';
import type { Host } from './host.ts';
import { bit, first, has, members, range } from './masks.ts';
import type { Num } from './number.ts';

/** Code for an operation of the language itself. */
export function intrinsicCode(name: Intrinsic, args: readonly Code[], host: Host): Code {
  const [a = missing(name), b = missing(name)] = args;
  const entity = a as () => number;
  const mask = a as () => bigint;
  const other = b as () => bigint;
  switch (name) {
    case 'now':
      return host.now;
    case 'current':
      return host.currentTask;
    case 'current-vcpu':
      return host.currentVcpu;
    case 'this-cpu':
      return host.thisCpu;
    case 'vcpu-of-task':
      return () => host.vcpuOfTask(entity());
    case 'vcpu-vm':
      return () => host.vmOfVcpu(entity());
    case 'vcpu-task':
    case 'vcpu-tid':
      // A vCPU is known by the id of its thread.
      return a;
    case 'task-pid':
      return () => host.taskPid(entity());
    case 'vcpu-id':
      return () => host.vcpuId(entity());
    case 'vm-id':
      return () => host.vmId(entity());
    case 'task-tgid':
      return () => host.taskTgid(entity());
    case 'task-comm':
      return () => host.taskComm(entity());
    case 'is-kthread':
      return () => host.isKthread(entity());
    case 'can-run-on': {
      const cpu = b as () => number;
      return () => host.canRunOn(entity(), cpu());
    }
    case 'waiting':
      return () => host.waiting(entity());
    case 'boosted-for':
      return () => host.boostedFor(entity());
    case 'dsq-len':
      return () => host.dsqLen(entity());
    case 'mask-literal':
      return maskLiteral(args as readonly (() => number)[], host);
    case 'mask-and':
      return () => mask() & other();
    case 'mask-or':
      return () => mask() | other();
    case 'mask-xor':
      return () => mask() ^ other();
    case 'mask-not':
      return () => host.allCpus() & ~mask();
    case 'mask-has': {
      const cpu = b as () => number;
      return () => has(mask(), cpu());
    }
    case 'mask-empty':
      return () => mask() === 0n;
    case 'mask-count':
      return () => members(mask()).length;
    case 'mask-any':
    case 'mask-first':
      return () => first(mask());
    case 'string-eq':
      return () => a() === b();
    case 'abs':
      return () => absolute((a as () => Num)());
  }
}

const missing =
  (name: Intrinsic): Code =>
  () => {
    throw new Error(`${name} lacks an argument`);
  };

/** CPUs that the machine cannot have are in no mask. */
function maskLiteral(bounds: readonly (() => number)[], host: Host): Code {
  return () => {
    let mask = 0n;
    for (let i = 0; i + 1 < bounds.length; i += 2) {
      const lo = bounds[i]?.() ?? 0;
      const hi = bounds[i + 1]?.() ?? 0;
      mask |= lo === hi ? bit(lo) : range(lo, hi);
    }
    return mask & host.allCpus();
  };
}

function absolute(x: Num): Num {
  if (x >= 0) return x;
  return typeof x === 'number' ? -x : -x;
}
