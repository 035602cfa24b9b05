import type { Unit } from '../unit.ts';

/** What the skeleton calls the whole of the programs. */
export const skeleton = (unit: Unit): string => `${unit.program.name}_bpf`;

/** vCPUs are found by KVM's tracepoints, except on pvsched, whose patches tell of them. */
export const needsKvm = (unit: Unit): boolean =>
  unit.features.has('vcpus') && unit.program.target !== 'pvsched';
