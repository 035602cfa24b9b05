import { exitReasonName } from '../exit-reasons.ts';
import { type EventFormat, symbolsOf } from './event-format.ts';

/** VMX sets this bit where entering the guest failed (arch/x86/include/uapi/asm/vmx.h). */
const FAILED_VMENTRY = 0x80000000;

/**
 * The names of exit reasons as the kernel that recorded `format` prints them, by number and `isa` (1 Intel, 2 AMD);
 * where its description has no name for one, ours.
 */
export function exitReasons(format: EventFormat): (code: number, isa: number | undefined) => string {
  const arm = symbolsOf(format.print, 'esr_ec');
  const intel = symbolsOf(format.print, 'exit_reason', 0);
  const amd = symbolsOf(format.print, 'exit_reason', 1);
  return (code, isa) => {
    if (isa === undefined) return (arm.get(code) ?? intel.get(code)) || `0x${code.toString(16)}`;
    if (isa !== 1) return (amd.get(code) ?? intel.get(code)) || exitReasonName(code, isa);
    const name = intel.get(code & 0xffff) ?? exitReasonName(code & 0xffff, isa);
    return (code & FAILED_VMENTRY) === 0 ? name : `${name} FAILED_VMENTRY`;
  };
}
