import type { ByteReader } from './bytes.ts';

/** Bits of `sample_type` (include/uapi/linux/perf_event.h), in the order in which a sample has them, but for `id`. */
const SAMPLE = {
  ip: 1,
  tid: 2,
  time: 4,
  addr: 8,
  read: 16,
  callchain: 32,
  id: 64,
  cpu: 128,
  period: 256,
  streamId: 512,
  raw: 1024,
  identifier: 65536,
} as const;

/** Bits of `read_format`. */
const READ = { enabled: 1, running: 2, id: 4, group: 8, lost: 16 } as const;

const TRACEPOINT = 2;
const USE_CLOCKID = 1n << 25n;
const CLOCKS: Readonly<Record<number, string>> = {
  0: 'realtime',
  1: 'mono',
  4: 'mono_raw',
  7: 'boot',
  11: 'tai',
};

/** What perf sampled, and how its samples are laid out: byte offsets from the start of a sample, −1 where absent. */
export interface PerfAttr {
  readonly isTracepoint: boolean;
  readonly sampleType: number;
  readonly readFormat: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
  /** Where `read`, `callchain` and `raw` follow, whose lengths vary. */
  readonly tail: number;
  /** Where `raw` is, if nothing of a length that varies is before it. */
  readonly raw: number;
  readonly clock: string;
}

const has = (type: number, bit: number): boolean => (type & bit) !== 0;

/** Reads a perf_event_attr of `size` bytes. */
export function readAttr(reader: ByteReader, size: number): PerfAttr {
  const end = reader.at + size;
  const type = reader.u32();
  reader.skip(20);
  const sampleType = Number(reader.big() & 0xffffffffn);
  const readFormat = Number(reader.big() & 0xffffffffn);
  const flags = reader.big();
  let clock = 'local';
  if (size >= 96 && (flags & USE_CLOCKID) !== 0n) {
    reader.skip(44);
    clock = CLOCKS[reader.u32()] ?? 'unknown';
  }
  reader.at = end;
  return { isTracepoint: type === TRACEPOINT, sampleType, readFormat, clock, ...layoutOf(sampleType) };
}

/** Every part before `read` has 8 bytes. */
function layoutOf(type: number): Pick<PerfAttr, 'tid' | 'time' | 'cpu' | 'tail' | 'raw'> {
  const places = new Map<number, number>();
  let at = 0;
  const { identifier, ip, tid, time, addr, id, streamId, cpu, period } = SAMPLE;
  for (const bit of [identifier, ip, tid, time, addr, id, streamId, cpu, period]) {
    if (!has(type, bit)) continue;
    places.set(bit, at);
    at += 8;
  }
  const place = (bit: number): number => places.get(bit) ?? -1;
  const raw = has(type, SAMPLE.raw) && !has(type, SAMPLE.read | SAMPLE.callchain) ? at : -1;
  return { tid: place(tid), time: place(time), cpu: place(cpu), tail: at, raw };
}

/** Where the id of a sample is, given all attributes: they agree on it, or there is only one; −1: no id is needed. */
export function idPlace(attrs: readonly PerfAttr[]): number {
  const [first] = attrs;
  if (!first || attrs.length === 1) return -1;
  if (has(first.sampleType, SAMPLE.identifier)) return 0;
  if (!has(first.sampleType, SAMPLE.id)) return -1;
  const { ip, tid, time, addr } = SAMPLE;
  return 8 * [ip, tid, time, addr].filter((bit) => has(first.sampleType, bit)).length;
}

/** How many bytes before the end of a record that is no sample its time is; 0: it has none. */
export function timeFromEnd({ sampleType }: PerfAttr): number {
  if (!has(sampleType, SAMPLE.time)) return 0;
  const { id, streamId, cpu, identifier } = SAMPLE;
  return 8 + 8 * [id, streamId, cpu, identifier].filter((bit) => has(sampleType, bit)).length;
}

/** Where the raw data of a sample that begins at `from` is; −1: it has none, or it reaches beyond `to`. */
export function rawPlace(view: DataView, from: number, to: number, attr: PerfAttr, little: boolean): number {
  const at = attr.raw >= 0 ? from + attr.raw : behindVarying(view, from, to, attr, little);
  return at >= 0 && at + 4 <= to && at + 4 + view.getUint32(at, little) <= to ? at : -1;
}

function behindVarying(view: DataView, from: number, to: number, attr: PerfAttr, little: boolean): number {
  const { sampleType, readFormat } = attr;
  if (!has(sampleType, SAMPLE.raw)) return -1;
  let at = from + attr.tail;
  if (has(sampleType, SAMPLE.read)) {
    const values = 1 + (has(readFormat, READ.id) ? 1 : 0) + (has(readFormat, READ.lost) ? 1 : 0);
    const times = (has(readFormat, READ.enabled) ? 1 : 0) + (has(readFormat, READ.running) ? 1 : 0);
    if (has(readFormat, READ.group)) {
      if (at + 8 > to) return -1;
      at += 8 + 8 * times + 8 * values * view.getUint32(little ? at : at + 4, little);
    } else at += 8 * (values + times);
  }
  if (has(sampleType, SAMPLE.callchain)) {
    if (at + 8 > to) return -1;
    at += 8 + 8 * view.getUint32(little ? at : at + 4, little);
  }
  return at;
}
