import { ascii } from './cursor.ts';
import type { PayloadReader } from './payload.ts';

/** Reads what kvm tracepoints of x86 and arm64 print; `kinds.ts` says what goes into which column. */

const VCPU = ascii('vcpu ');
const COMMA = ascii(',');
const RIP = ascii(' rip ');
const PC = ascii('PC: ');
const REASON = ascii('reason ');
const SPACE_REASON = ascii(' reason ');
const HSR_EC = ascii(': HSR_EC: ');
const NAME_BEGIN = ascii(' (');
const NAME_END = ascii(')');
const ARM_PC = ascii(' PC: ');
const IRQ_OLD = ascii('irq ');
const IRQ = ascii('IRQ ');
const SOFT = ascii('Soft/INTn ');
const RESTART = ascii('restart');
const ERROR = ascii('error');
const REINJECTED = ascii(' [reinjected]');
const WAIT = ascii('wait');
const POLL = ascii('poll');
const TIME = ascii(' time ');
const POLLING_VALID = ascii(' ns, polling valid');
const HALT_POLL_NS = ascii(': halt_poll_ns ');
const GROW = ascii(' (grow ');
const SHRINK = ascii(' (shrink ');
const APICID = ascii('apicid ');
const DST = ascii('dst ');
const VEC = ascii(' vec ');
const GSI = ascii('gsi ');
const LEVEL = ascii(' level ');
const SOURCE = ascii(' source ');
const PIO = ascii('pio_');
const MSR = ascii('msr_');
const READ = ascii('read');
const WRITE = ascii('write');
const AT = ascii(' at ');
const SIZE = ascii(' size ');
const BLANK = ascii(' ');
const EQUALS = ascii(' = ');
const NR = ascii('nr ');
const OLD = ascii(' old ');
const NEW = ascii(' new ');
const LOAD = ascii('load');
const UNLOAD = ascii('unload');

/** What a form of a payload does not tell. */
const UNKNOWN = -1;

/** `vcpu 0[, rip 0x1069…]`; arm64: `PC: 0x…`, with no vCPU. */
export const kvmEntry: PayloadReader = (cursor, row) => {
  row.a = UNKNOWN;
  if (cursor.skip(PC)) {
    row.wide = cursor.hex();
    return cursor.ok;
  }
  cursor.expect(VCPU);
  row.a = cursor.int();
  if (cursor.skip(COMMA)) {
    cursor.expect(RIP);
    row.wide = cursor.hex();
  }
  return cursor.ok;
};

/** `[vcpu 0 ]reason hlt rip 0x1068…`: reasons may have blanks. arm64: `TRAP: HSR_EC: 0x0001 (WFx), PC: 0x…`. */
export const kvmExit: PayloadReader = (cursor, row, _tasks, strings) => {
  row.a = UNKNOWN;
  const { bytes, at: start } = cursor;
  if (cursor.skip(VCPU)) {
    row.a = cursor.int();
    cursor.expect(SPACE_REASON);
  } else if (!cursor.skip(REASON)) {
    const trap = cursor.indexOf(HSR_EC, start);
    const open = cursor.indexOf(NAME_BEGIN, start);
    const close = cursor.indexOf(NAME_END, start);
    const pc = cursor.indexOf(ARM_PC, start);
    if (trap < 0 || open < 0 || close < open || pc < 0) return false;
    row.b = strings.intern(bytes, open + NAME_BEGIN.length, close);
    cursor.at = pc + ARM_PC.length;
    row.wide = cursor.hex();
    return cursor.ok;
  }
  const from = cursor.at;
  const to = cursor.indexOf(RIP, from);
  if (to < 0 || !cursor.ok) return false;
  row.b = strings.intern(bytes, from, to);
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
  cursor.expect(TIME);
  row.wide = cursor.int();
  row.a = (waited ? 1 : 0) | (cursor.skip(POLLING_VALID) ? 2 : 0);
  return cursor.ok;
};

/** `vcpu 0: halt_poll_ns 10000 (grow 0)` */
export const kvmHaltPollNs: PayloadReader = (cursor, row) => {
  cursor.expect(VCPU);
  const vcpu = cursor.int();
  cursor.expect(HALT_POLL_NS);
  row.b = cursor.int();
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
  const open = cursor.lastIndexOf(NAME_BEGIN);
  if (open < 0) return false;
  cursor.at = open + NAME_BEGIN.length;
  const value = cursor.int();
  row.a = failed ? UNKNOWN : value;
  row.b = failed ? -value : 0;
  return cursor.ok;
};

/** `apicid 1 vec 65 (Fixed|edge)`; the id is hexadecimal. */
export const kvmApicAcceptIrq: PayloadReader = (cursor, row) => {
  cursor.expect(APICID);
  row.a = cursor.hex();
  cursor.expect(VEC);
  row.b = cursor.int();
  return cursor.ok;
};

/** `dst 1 vec 65 (Fixed|physical|…)`; the destination is hexadecimal. */
export const kvmApicIpi: PayloadReader = (cursor, row) => {
  cursor.expect(DST);
  row.a = cursor.hex();
  cursor.expect(VEC);
  row.b = cursor.int();
  return cursor.ok;
};

/** `gsi 0 level 1 source 2` */
export const kvmSetIrq: PayloadReader = (cursor, row) => {
  cursor.expect(GSI);
  row.a = cursor.int();
  cursor.expect(LEVEL);
  row.b = cursor.int();
  cursor.expect(SOURCE);
  row.c = cursor.int();
  return cursor.ok;
};

/** `pio_write at 0x20 size 1 count 1 val 0x20` */
export const kvmPio: PayloadReader = (cursor, row) => {
  cursor.expect(PIO);
  row.a = cursor.skip(WRITE) ? 1 : 0;
  if (row.a === 0) cursor.expect(READ);
  cursor.expect(AT);
  row.b = cursor.hex();
  cursor.expect(SIZE);
  row.c = cursor.int();
  return cursor.ok;
};

/** `msr_write 80b = 0x0`; the register is hexadecimal. */
export const kvmMsr: PayloadReader = (cursor, row) => {
  cursor.expect(MSR);
  row.a = cursor.skip(WRITE) ? 1 : 0;
  if (row.a === 0) cursor.expect(READ);
  cursor.expect(BLANK);
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
  cursor.expect(VCPU);
  row.a = cursor.int();
  cursor.expect(OLD);
  row.c = cursor.int();
  cursor.expect(NEW);
  row.b = cursor.int();
  return cursor.ok;
};

/** `load`: KVM_RUN begins; `unload`: back to user space. */
export const kvmFpu: PayloadReader = (cursor, row) => {
  row.a = cursor.skip(LOAD) ? 1 : 0;
  if (row.a === 0) cursor.expect(UNLOAD);
  return cursor.ok;
};
