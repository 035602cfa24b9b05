/** Writes small traces in the binary formats, to read them again: little-endian, with the kernel's own layouts. */

export interface Recorded {
  readonly time: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly name: keyof typeof FORMATS;
  readonly values: readonly (number | string)[];
}

type Field = readonly [type: string, name: string, offset: number, size: number, signed: 0 | 1];

const wake: readonly Field[] = [
  ['char', 'comm[16]', 8, 16, 0],
  ['pid_t', 'pid', 24, 4, 1],
  ['int', 'prio', 28, 4, 1],
  ['int', 'target_cpu', 32, 4, 1],
];

/** Fields as Linux 6.18 has them (kvm_exit as 6.12). */
export const FORMATS = {
  sched_switch: [
    ['char', 'prev_comm[16]', 8, 16, 0],
    ['pid_t', 'prev_pid', 24, 4, 1],
    ['int', 'prev_prio', 28, 4, 1],
    ['long', 'prev_state', 32, 8, 1],
    ['char', 'next_comm[16]', 40, 16, 0],
    ['pid_t', 'next_pid', 56, 4, 1],
    ['int', 'next_prio', 60, 4, 1],
  ],
  sched_waking: wake,
  sched_wakeup: wake,
  sched_stat_runtime: [
    ['__data_loc char[]', 'comm', 8, 4, 0],
    ['pid_t', 'pid', 12, 4, 1],
    ['u64', 'runtime', 16, 8, 0],
  ],
  kvm_exit: [
    ['unsigned int', 'exit_reason', 8, 4, 0],
    ['unsigned long', 'guest_rip', 16, 8, 0],
    ['u32', 'isa', 24, 4, 0],
    ['unsigned int', 'vcpu_id', 28, 4, 0],
  ],
  softirq_raise: [['unsigned int', 'vec', 8, 4, 0]],
} as const satisfies Record<string, readonly Field[]>;

const PRINT: Readonly<Record<string, string>> = {
  kvm_exit:
    '"%s", (REC->isa == 1) ? __print_symbolic(REC->exit_reason & 0xffff, { 12, "HLT" }) : __print_symbolic(REC->exit_reason, { 0x078, "hlt" }, { -1, "error" })',
  sched_switch:
    '"%s", __print_flags(REC->prev_state & 255, "|", { 0x01, "S" }, { 0x02, "D" }, { 0x20, "Z" }, { 0x80, "I" })',
};

export const names = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
export const idOf = (name: keyof typeof FORMATS): number => 300 + names.indexOf(name);

const COMMON: readonly Field[] = [
  ['unsigned short', 'common_type', 0, 2, 0],
  ['unsigned char', 'common_flags', 2, 1, 0],
  ['unsigned char', 'common_preempt_count', 3, 1, 0],
  ['int', 'common_pid', 4, 4, 1],
];

export function formatText(name: keyof typeof FORMATS): string {
  const line = ([type, field, offset, size, signed]: Field): string =>
    `\tfield:${type} ${field};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`;
  const fields = [...COMMON.map(line), '\n', ...FORMATS[name].map(line)].join('');
  return `name: ${name}\nID: ${idOf(name)}\nformat:\n${fields}\nprint fmt: ${PRINT[name] ?? '""'}\n`;
}

export const HEADER_PAGE =
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n';

/** The record of an event, as ring buffers and perf have it; its length is a multiple of four. */
export function recordOf({ name, tid, values }: Recorded, flags = 1, preempt = 2): Buffer {
  const fields: readonly Field[] = FORMATS[name];
  const end = Math.max(...fields.map(([, , offset, size]) => offset + size));
  const record = Buffer.alloc(end + 16);
  record.writeUInt16LE(idOf(name), 0);
  record[2] = flags;
  record[3] = preempt;
  record.writeInt32LE(tid, 4);
  let length = end;
  fields.forEach(([type, , offset, size, signed], index) => {
    const value = values[index]!;
    if (type.startsWith('__data_loc')) {
      const text = `${value}\0`;
      record.writeUInt32LE(end | (text.length << 16), offset);
      length = end + record.write(text, end, 'latin1');
    } else if (typeof value === 'string') record.write(value, offset, size, 'latin1');
    else if (size === 8) record.writeBigInt64LE(BigInt(value), offset);
    else if (signed === 1) record.writeInt32LE(value, offset);
    else record.writeUInt32LE(value >>> 0, offset);
  });
  return record.subarray(0, (length + 3) & ~3);
}

/** The ring-buffer pages of one CPU; times grow. `lost` marks the second page as following a loss. */
export function pages(events: readonly Recorded[], { perPage = 5, lost = 0 } = {}): Buffer {
  const all: Buffer[] = [];
  for (let at = 0; at < events.length; at += perPage) {
    const page = Buffer.alloc(4096);
    const some = events.slice(at, at + perPage);
    page.writeBigUInt64LE(some[0]!.time, 0);
    let end = 16;
    let time = some[0]!.time;
    for (const event of some) {
      const record = recordOf(event);
      let delta = event.time - time;
      time = event.time;
      if (delta >= 1n << 27n) {
        page.writeUInt32LE(Number(((delta & 0x7ffffffn) << 5n) | 30n), end);
        page.writeUInt32LE(Number(delta >> 27n), end + 4);
        end += 8;
        delta = 0n;
      }
      const short = record.length <= 28 * 4;
      page.writeUInt32LE(Number(delta << 5n) | (short ? record.length / 4 : 0), end);
      if (!short) page.writeUInt32LE(record.length + 4, end + 4);
      record.copy(page, end + (short ? 4 : 8));
      end += record.length + (short ? 4 : 8);
    }
    const missed = lost > 0 && all.length === 1;
    page.writeUInt32LE(end - 16 + (missed ? 0xc0000000 : 0), 8);
    if (missed) page.writeBigUInt64LE(BigInt(lost), end);
    all.push(page);
  }
  return Buffer.concat(all);
}

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
export const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'latin1');
const sized = (value: string): Buffer => Buffer.concat([u64(value.length), Buffer.from(value, 'latin1')]);

const start = (version: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x17, 0x08, 0x44]),
    Buffer.from('tracing'),
    text(String(version)),
    Buffer.from([0, 8]),
    u32(4096),
  ]);
const headers = (): Buffer =>
  Buffer.concat([text('header_page'), sized(HEADER_PAGE), text('header_event'), sized('x')]);
const systems = (): Buffer =>
  Buffer.concat([u32(1), text('all'), u32(names.length), ...names.map((name) => sized(formatText(name)))]);

const options = (clock: string, last: Buffer, more: Buffer): Buffer =>
  Buffer.concat([u16(4), u32(clock.length), Buffer.from(clock), u16(8), u32(4), u32(2), more, last]);

const option = (id: number, data: Buffer): Buffer => Buffer.concat([u16(id), u32(data.length), data]);
/** TSC2NSEC: ns = (cycles * mult) >> shift. */
export const tscOption = (mult: number, shift: number): Buffer =>
  option(14, Buffer.concat([u32(mult), u32(shift), u64(0)]));
/** GUEST: its name, the id of its own trace, and the threads of its vCPUs. */
export const guestOption = (name: string, vcpus: readonly (readonly [id: number, tid: number])[]): Buffer =>
  option(
    13,
    Buffer.concat([
      text(name),
      u64(77),
      u32(vcpus.length),
      ...vcpus.map(([id, tid]) => Buffer.concat([u32(id), u32(tid)])),
    ]),
  );
const NONE: Buffer = Buffer.alloc(0);

/** Head of perf's tracing data and of trace.dat 6: without what follows the formats. */
export const tracingData = (): Buffer =>
  Buffer.concat([start(6), headers(), u32(0), systems(), u32(0), u32(0)]);

/** A trace.dat of version 6 with these pages, one buffer a CPU. */
export function traceDatV6(
  cpus: readonly Buffer[],
  { comms = '', clock = 'local [mono]', more = NONE } = {},
): Buffer {
  const head = Buffer.concat([
    tracingData(),
    sized(comms),
    u32(cpus.length),
    text('options  '),
    options(clock, u16(0), more),
    text('flyrecord'),
  ]);
  let at = (head.length + 16 * cpus.length + 4095) & ~4095;
  const places = cpus.map((data) => {
    const place = Buffer.concat([u64(at), u64(data.length)]);
    at += data.length;
    return place;
  });
  const before = Buffer.concat([head, ...places]);
  const gap = Buffer.alloc(((before.length + 4095) & ~4095) - before.length);
  return Buffer.concat([before, gap, ...cpus]);
}

/** A trace.dat of version 7; `pack` compresses a part. */
export function traceDatV7(
  cpus: readonly Buffer[],
  { comms = '', clock = '[mono]', packed = 'none', pack = (part: Buffer): Buffer => part, more = NONE } = {},
): Buffer {
  const parts: Buffer[] = [start(7), text(packed), text('1'), u64(0)];
  let size = parts.reduce((sum, part) => sum + part.length, 0);
  const add = (part: Buffer): number => {
    parts.push(part);
    size += part.length;
    return size - part.length;
  };
  const compressed = packed === 'none' ? 0 : 1;
  const body = (part: Buffer): Buffer => {
    if (compressed === 0) return part;
    const small = pack(part);
    return Buffer.concat([u32(small.length), u32(part.length), small]);
  };
  const section = (id: number, content: Buffer): number =>
    add(Buffer.concat([u16(id), u16(compressed), u32(0), u64(content.length), content]));
  const header = section(16, body(headers()));
  const ftrace = section(17, body(u32(0)));
  const events = section(18, body(systems()));
  const lines = section(21, body(sized(comms)));
  const buffer = section(3, Buffer.alloc(0));
  const places = cpus.map((data, cpu) => {
    const content = compressed === 0 ? data : Buffer.concat([u32(1), body(data)]);
    return Buffer.concat([u32(cpu), u64(add(content)), u64(content.length)]);
  });
  const inBuffer = Buffer.concat([
    u64(buffer),
    text(''),
    text('mono'),
    u32(4096),
    u32(cpus.length),
    ...places,
  ]);
  const list = Buffer.concat([
    ...[header, ftrace, events, lines].map((offset, index) => option([16, 17, 18, 21][index]!, u64(offset))),
    option(3, inBuffer),
    options(clock, Buffer.concat([u16(0), u32(8), u64(0)]), more),
  ]);
  const at = section(0, body(list));
  const file = Buffer.concat(parts);
  u64(at).copy(file, start(7).length + packed.length + 1 + 2);
  return file;
}
