import { type Recorded, recordOf, tracingData, u64 } from './encode.ts';

/** IDENTIFIER, IP, TID, TIME, CPU, PERIOD, RAW: what perf record -a asks for with tracepoints. */
const SAMPLE_TYPE = 0x10587;
const ID = 40;

function attr(): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.writeUInt32LE(2, 0);
  bytes.writeUInt32LE(128, 4);
  bytes.writeBigUInt64LE(BigInt(SAMPLE_TYPE), 24);
  return bytes;
}

export function perfRecord(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt16LE(8 + body.length, 6);
  return Buffer.concat([head, body]);
}

const ints = (...values: number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
const time = (value: bigint): Buffer => Buffer.from(BigUint64Array.of(value).buffer);

export function sample(event: Recorded): Buffer {
  const raw = recordOf(event);
  const padded = Buffer.alloc(((raw.length + 4 + 7) & ~7) - 4);
  raw.copy(padded);
  return perfRecord(
    9,
    Buffer.concat([
      u64(ID),
      u64(0),
      ints(event.tid, event.tid),
      time(event.time),
      ints(event.cpu, 0),
      u64(1),
      ints(padded.length),
      padded,
    ]),
  );
}

/** A COMM record: of the thread `tid` of the process `tgid`. */
export function comm(tgid: number, tid: number, name: string): Buffer {
  const text = Buffer.alloc((name.length + 8) & ~7);
  text.write(name, 'latin1');
  return perfRecord(
    3,
    Buffer.concat([ints(tgid, tid), text, ints(tgid, tid), time(0n), ints(0, 0), u64(ID)]),
  );
}

export const lost = (count: number): Buffer => perfRecord(2, Buffer.concat([u64(ID), u64(count)]));
export const round = (): Buffer => perfRecord(68, Buffer.alloc(0));

/** A perf.data of these records. */
export function perfData(records: readonly Buffer[]): Buffer {
  const data = Buffer.concat(records);
  const formats = tracingData();
  const [attrsAt, idsAt, dataAt] = [104, 104 + 144, 104 + 144 + 8];
  const table = dataAt + data.length;
  const features = Buffer.alloc(32);
  features[0] = 1 << 1;
  return Buffer.concat([
    Buffer.from('PERFILE2'),
    ...[104, 144, attrsAt, 144, dataAt, data.length, 0, 0].map(u64),
    features,
    attr(),
    u64(idsAt),
    u64(8),
    u64(ID),
    data,
    u64(table + 16),
    u64(formats.length),
    formats,
  ]);
}

/** The same as perf writes it into a pipe. */
export function pipedPerfData(records: readonly Buffer[]): Buffer {
  const formats = tracingData();
  return Buffer.concat([
    Buffer.from('PERFILE2'),
    u64(16),
    perfRecord(64, Buffer.concat([attr(), u64(ID)])),
    perfRecord(66, ints(formats.length)),
    formats,
    ...records,
  ]);
}
