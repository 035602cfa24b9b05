import { ByteReader, type ByteSource } from './bytes.ts';
import type { Guest } from '../columns.ts';
import * as head from './trace-dat-head.ts';
import type { Buffer, TraceDatHead } from './trace-dat-head.ts';

/** The head of a trace.dat of version 6, behind its page size, where `reader` is. */
export function readHeadV6(source: ByteSource, reader: ByteReader, pageSize: number): TraceDatHead {
  const headerPage = head.readHeaderInfo(reader);
  const formats = [...head.readFtraceFormats(reader), ...head.readEventFormats(reader)];
  reader.skip(reader.u32()); // addresses of kernel functions
  reader.skip(reader.u32()); // formats of trace_printk
  const cmdlines = reader.text(reader.u64());
  const cpus = head.readCpuCount(reader);
  const options: Options = { clock: 'unknown', tsc: undefined, cpuStats: [], instances: [], guests: [] };
  const what = reader.text(10);
  if (what.startsWith('options')) {
    readOptions(reader, options);
    reader.skip(10);
  } else if (!what.startsWith('flyrecord'))
    reader.fail('there are no events: the recorder kept a latency trace');
  const buffers = [{ name: '', ...readBuffer(reader, cpus, pageSize) }];
  for (const { name, offset } of options.instances) {
    const at = new ByteReader(source, offset);
    at.little = reader.little;
    if (at.cstring() === 'flyrecord') buffers.push({ name, ...readBuffer(at, cpus, pageSize) });
  }
  const { clock, tsc, cpuStats, guests } = options;
  return {
    version: 6,
    little: reader.little,
    headerPage,
    formats,
    cmdlines,
    cpus,
    clock,
    tsc,
    cpuStats,
    buffers,
    guests,
  };
}

interface Options {
  clock: string;
  tsc: TraceDatHead['tsc'];
  cpuStats: string[];
  guests: Guest[];
  instances: { name: string; offset: number }[];
}

function readOptions(reader: ByteReader, options: Options): void {
  for (;;) {
    const id = reader.u16();
    if (id === head.OPTION.done) return;
    const size = reader.u32();
    const end = reader.at + size;
    if (size > reader.left) reader.fail('the file ends too early');
    if (id === head.OPTION.traceClock) options.clock = head.clockIn(reader.text(size));
    if (id === head.OPTION.cpuStat) options.cpuStats.push(reader.text(size));
    if (id === head.OPTION.tsc2nsec && size >= 8) options.tsc = head.readTsc(reader);
    if (id === head.OPTION.guest) options.guests.push(head.readGuest(reader));
    if (id === head.OPTION.buffer && size > 8) {
      const offset = reader.u64();
      options.instances.push({ offset, name: reader.text(size - 8).replaceAll('\0', '') });
    }
    reader.at = end;
  }
}

function readBuffer(reader: ByteReader, cpus: number, pageSize: number): Omit<Buffer, 'name'> {
  const places = Array.from({ length: cpus }, (_, cpu) => ({
    cpu,
    offset: reader.u64(),
    size: reader.u64(),
  }));
  return { pageSize, cpus: places, compression: 'none' };
}
