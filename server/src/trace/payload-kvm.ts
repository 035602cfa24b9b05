import { key } from './cursor.ts';
import type { PayloadReader } from './payload.ts';

/** Reads what kvm tracepoints of x86 and arm64 print; `kinds.ts` says what goes into which column. */

const VCPU = key('vcpu ');
const RIP = key(' rip ');
const COMMA_RIP = key(', rip ');
const PC = key('PC: ');
const REASON = key('reason ');
const SPACE_REASON = key(' reason ');
const HSR_EC = key(': HSR_EC: ');
const ARM_PC = key(' PC: ');
const IRQ_OLD = key('irq ');
const IRQ = key('IRQ ');
const SOFT = key('Soft/INTn ');
const RESTART = key('restart');
const ERROR = key('error');
const REINJECTED = key(' [reinjected]');
const WAIT = key('wait');
const POLL = key('poll');
const TIME = key(' time ');
const POLLING = key(' ns, polling ');
const VALID = key('valid');
const INVALID = key('invalid');
const HALT_POLL_NS = key(': halt_poll_ns ');
const GROW = key(' (grow ');
const SHRINK = key(' (shrink ');
const APICID = key('apicid ');
const DST = key('dst ');
const VEC = key(' vec ');
const GSI = key('gsi ');
const LEVEL = key(' level ');
const SOURCE = key(' source ');
const PIO = key('pio_');
const MSR = key('msr_');
const READ = key('read');
const WRITE = key('write');
const AT = key(' at ');
const SIZE = key(' size ');
const EQUALS = key(' = 0x');
const NR = key('nr 0x');
const OLD = key(' old ');
const NEW = key(' new ');
const LOAD = key('load');
const UNLOAD = key('unload');

const OPEN = 0x28;
const CLOSE = 0x29;

/** What a form of a payload does not tell. */
const UNKNOWN = -1;

/** `vcpu 0[, rip 0x1069…]`; arm64: `PC: 0x…`, with no vCPU. */
export const kvmEntry: PayloadReader = (cursor, row) => {
  row.a = UNKNOWN;
  if (cursor.skip(PC)) {
    row.wide = cursor.hex();
    return cursor.ok;
  }
  row.a = cursor.intAfter(VCPU);
  if (cursor.skip(COMMA_RIP)) row.wide = cursor.hex();
  return cursor.ok;
};

/** `[vcpu 0 ]reason hlt rip 0x1068…`: reasons may have blanks. arm64: `TRAP: HSR_EC: 0x0001 (WFx), PC: 0x…`. */
export const kvmExit: PayloadReader = (cursor, row, _tasks, strings) => {
  row.a = UNKNOWN;
  const { bytes, view, at: start } = cursor;
  if (cursor.skip(VCPU)) {
    row.a = cursor.int();
    cursor.expect(SPACE_REASON);
  } else if (!cursor.skip(REASON)) {
    const trap = cursor.indexOf(HSR_EC, start);
    const open = cursor.indexOfByte(OPEN, start);
    const close = cursor.indexOfByte(CLOSE, start);
    const pc = cursor.indexOf(ARM_PC, start);
    if (trap < 0 || open < 0 || close < open || pc < 0) return false;
    row.b = strings.intern(bytes, view, open + 1, close);
    cursor.at = pc + ARM_PC.length;
    row.wide = cursor.hex();
    return cursor.ok;
  }
  const from = cursor.at;
  const to = cursor.indexOf(RIP, from);
  if (to < 0 || !cursor.ok) return false;
  row.b = strings.intern(bytes, view, from, to);
  cursor.at = to + RIP.length;
  row.wide = cursor.hex();
  return cursor.ok;
};

/** `IRQ 0x40[ [reinjected]]`, `Soft/INTn 0x80`; until 5.19 `irq 64`. */
export const kvmInjVirq: PayloadReader = (cursor, row) => {
  const soft = cursor.skip(SOFT);
  if (!soft && !cursor.skip(IRQ)) cursor.expect(IRQ_OLD);
  row.a = cursor.number();
  row.b = (soft ? 1 : 0) | (cursor.skip(REINJECTED) ? 2 : 0);
  return cursor.ok;
};

/** `wait time 960026 ns, polling valid` */
export const kvmVcpuWakeup: PayloadReader = (cursor, row) => {
  const waited = cursor.skip(WAIT);
  if (!waited) cursor.expect(POLL);
  row.wide = cursor.intAfter(TIME);
  cursor.expect(POLLING);
  const valid = cursor.skip(VALID);
  if (!valid) cursor.expect(INVALID);
  row.a = (waited ? 1 : 0) | (valid ? 2 : 0);
  return cursor.ok;
};

/** `vcpu 0: halt_poll_ns 10000 (grow 0)` */
export const kvmHaltPollNs: PayloadReader = (cursor, row) => {
  const vcpu = cursor.intAfter(VCPU);
  row.b = cursor.intAfter(HALT_POLL_NS);
  const grow = cursor.skip(GROW);
  if (!grow) cursor.expect(SHRINK);
  row.c = cursor.int();
  row.a = (grow ? 1 : 0) | (vcpu << 1);
  return cursor.ok;
};

/** `reason KVM_EXIT_IO (2)`; with a negative errno `reason restart (4)` (EINTR) or `reason error (N)`. */
export const kvmUserspaceExit: PayloadReader = (cursor, row) => {
  cursor.expect(REASON);
  const failed = cursor.matches(RESTART, cursor.at) || cursor.matches(ERROR, cursor.at);
  const open = cursor.lastIndexOfByte(OPEN);
  if (open < 0) return false;
  cursor.at = open + 1;
  const value = cursor.int();
  row.a = failed ? UNKNOWN : value;
  row.b = failed ? -value : 0;
  return cursor.ok;
};

/** `apicid 1 vec 65 (Fixed|edge)`; the id is hexadecimal. */
export const kvmApicAcceptIrq: PayloadReader = (cursor, row) => {
  cursor.expect(APICID);
  row.a = cursor.hex();
  row.b = cursor.intAfter(VEC);
  return cursor.ok;
};

/** `dst 1 vec 65 (Fixed|physical|…)`; the destination is hexadecimal. */
export const kvmApicIpi: PayloadReader = (cursor, row) => {
  cursor.expect(DST);
  row.a = cursor.hex();
  row.b = cursor.intAfter(VEC);
  return cursor.ok;
};

/** `gsi 0 level 1 source 2` */
export const kvmSetIrq: PayloadReader = (cursor, row) => {
  row.a = cursor.intAfter(GSI);
  row.b = cursor.intAfter(LEVEL);
  row.c = cursor.intAfter(SOURCE);
  return cursor.ok;
};

/** `pio_write at 0x20 size 1 count 1 val 0x20` */
export const kvmPio: PayloadReader = (cursor, row) => {
  cursor.expect(PIO);
  row.a = cursor.skip(WRITE) ? 1 : 0;
  if (row.a === 0) cursor.expect(READ);
  cursor.expect(AT);
  row.b = cursor.hex();
  row.c = cursor.intAfter(SIZE);
  return cursor.ok;
};

/** `msr_write 80b = 0x0`; the register is hexadecimal. */
export const kvmMsr: PayloadReader = (cursor, row) => {
  cursor.expect(MSR);
  row.a = cursor.skip(WRITE) ? 1 : 0;
  if (row.a === 0) cursor.expect(READ);
  cursor.expectByte(0x20);
  row.b = cursor.hex();
  cursor.expect(EQUALS);
  row.wide = cursor.hex();
  return cursor.ok;
};

/** `nr 0x5 a0 0x…` */
export const kvmHypercall: PayloadReader = (cursor, row) => {
  cursor.expect(NR);
  row.wide = cursor.hex();
  return cursor.ok;
};

/** `vcpu 0 old 4096 new 8192 (growed)` */
export const kvmPleWindowUpdate: PayloadReader = (cursor, row) => {
  row.a = cursor.intAfter(VCPU);
  row.c = cursor.intAfter(OLD);
  row.b = cursor.intAfter(NEW);
  return cursor.ok;
};

/** `load`: KVM_RUN begins; `unload`: back to user space. */
export const kvmFpu: PayloadReader = (cursor, row) => {
  row.a = cursor.skip(LOAD) ? 1 : 0;
  if (row.a === 0) cursor.expect(UNLOAD);
  return cursor.ok;
};
