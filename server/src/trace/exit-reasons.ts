/** Names that kvm_exit prints (arch/x86/include/uapi/asm/vmx.h and svm.h), for the reasons met in scheduling. */
const VMX: Readonly<Record<number, string>> = {
  1: 'EXTERNAL_INTERRUPT',
  7: 'INTERRUPT_WINDOW',
  12: 'HLT',
  18: 'VMCALL',
  30: 'IO_INSTRUCTION',
  32: 'MSR_WRITE',
  40: 'PAUSE_INSTRUCTION',
  48: 'EPT_VIOLATION',
  49: 'EPT_MISCONFIG',
  52: 'PREEMPTION_TIMER',
  56: 'APIC_WRITE',
};

const SVM: Readonly<Record<number, string>> = {
  0x60: 'interrupt',
  0x61: 'nmi',
  0x64: 'vintr',
  0x77: 'pause',
  0x78: 'hlt',
  0x7b: 'io',
  0x7c: 'msr',
  0x81: 'hypercall',
  0x400: 'npf',
};

/**
 * The name that the kernel prints for exit reason `code`, where the trace has only the number; `isa` is 1 for Intel
 * (VMX) and 2 for AMD (SVM). A reason without a name here is its number in hexadecimal.
 */
export function exitReasonName(code: number, isa: number | undefined): string {
  const names = isa === 1 ? VMX : isa === 2 ? SVM : {};
  return names[isa === 1 ? code & 0xffff : code] ?? `0x${code.toString(16)}`;
}
