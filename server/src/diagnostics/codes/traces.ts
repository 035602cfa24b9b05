import { error, info, warning } from '../entry.ts';

/** PV7xxx: a trace cannot be read or a simulation cannot be run. */
export const TRACES = {
  PV7001: error<{ path: string; reason: string; line: number | undefined; offset: number | undefined }>(
    'trace cannot be read',
    (a) => `the trace ${a.path} cannot be used: ${place(a)}${a.reason}`,
  ),
  PV7002: warning<{ path: string; what: string }>(
    'trace is incomplete',
    (a) => `the trace ${a.path} is incomplete: ${a.what}; what depends on it may be wrong`,
  ),
  PV7003: info<{ vms: string }>(
    'VMs put together by guess',
    (a) =>
      `the trace does not tell which vCPUs belong together, so ${a.vms} go by the order of their threads; record with: echo 1 > options/record-tgid`,
  ),
  PV7004: warning<{ vm: string; owner: string }>(
    'thread in two VMs',
    (a) => `'${a.vm}' also means threads of '${a.owner}', which comes first and keeps them`,
  ),
  PV7050: error<{ event: string; field: string; why: string }>(
    'argument that no trace has',
    (a) =>
      `a recorded ${a.event} does not tell '${a.field}' (${a.why}), which the policy reads here; replay a version that does without it`,
  ),
  PV7051: error<{ events: string; record: string }>(
    'no event for the policy',
    (a) =>
      `the trace has none of the events that the policy's hooks need: ${a.events}; record them with: ${a.record}`,
  ),
  PV7052: warning<{ hook: string; events: string; record: string }>(
    'hook without events',
    (a) => `'${a.hook}' never fires in this trace, which has no ${a.events}; record it with: ${a.record}`,
  ),
  PV7053: error<{ call: string }>(
    'call without an answer in replay',
    (a) => `replay has no answer to ${a.call}, which depends on more than a trace tells`,
  ),
  PV7054: info<{ hook: string; why: string }>(
    'hook that is not replayed',
    (a) => `'${a.hook}' is not replayed: ${a.why}`,
  ),
  PV7055: error<{ name: string; near: string | undefined; known: string }>(
    'unknown param',
    (a) =>
      `the policy has no param '${a.name}'; ${a.near === undefined ? `it has ${a.known}` : `did you mean '${a.near}'?`}`,
  ),
  PV7056: error<{ name: string; text: string; wanted: string }>(
    'no value for the param',
    (a) => `'${a.text}' is no value for the param '${a.name}'; write ${a.wanted}`,
  ),
  PV7057: error<{ name: string; value: string; lo: string; hi: string }>(
    'param out of range',
    (a) => `${a.name} = ${a.value} is outside of its range ${a.lo}..${a.hi}`,
  ),
  PV7058: error<{ scenario: string }>(
    'scenario without a trace',
    (a) => `the scenario '${a.scenario}' names no trace; add a line such as: trace "traces/example.trace.gz"`,
  ),
  PV7059: warning<{ vm: string; selector: string; threads: string }>(
    'VM that is not in the trace',
    (a) => `no thread of the trace is meant by ${a.selector} of the VM '${a.vm}'; ${a.threads}`,
  ),
  PV7060: warning<{ vm: string }>(
    'cgroup is not recorded',
    (a) => `a trace does not tell the cgroup of a thread; select the VM '${a.vm}' by comm or by pid`,
  ),
  PV7061: warning<{ hook: string }>(
    'assumption that never starts',
    (a) => `the trace has no event for '${a.hook}', so what is assumed after it never holds`,
  ),
  PV7062: warning<{ events: string }>(
    'recording without a schedule',
    (a) =>
      `the trace has no ${a.events}, so what-if has no schedule to start from; record one with: trace-cmd record -e sched -e kvm -C mono sleep 10`,
  ),
  PV7063: error<{ baseline: string; why: string }>(
    'baseline that cannot run',
    (a) =>
      `the baseline '${a.baseline}' cannot run: ${a.why}; a baseline is eevdf, pinned or the file of a policy without errors`,
  ),
};

/** Where in a trace something is, as the beginning of a sentence; nothing where it is the file as a whole. */
function place(at: { readonly line: number | undefined; readonly offset: number | undefined }): string {
  return at.line === undefined ? '' : `at line ${at.line} (byte ${at.offset ?? 0}) `;
}
