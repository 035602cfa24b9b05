import { ByteReader, type ByteSource, memorySource } from './bytes.ts';
import type { Guest } from '../columns.ts';
import * as head from './trace-dat-head.ts';
import type { Buffer, Compression, TraceDatHead } from './trace-dat-head.ts';
import type { Unpack } from './unpack.ts';

/** A section's flag: its body is compressed. */
const COMPRESSED = 1;
/** Sections of options are a list; a longer one has no end. */
const MOST_SECTIONS = 1000;

interface Section {
  readonly compressed: boolean;
  /** At the body. */
  readonly reader: ByteReader;
  readonly size: number;
}

/** The head of a trace.dat of version 7, behind its page size, where `reader` is. */
export function readHeadV7(source: ByteSource, reader: ByteReader, unpack: Unpack): TraceDatHead {
  const name = reader.cstring();
  reader.cstring();
  const compression = asCompression(name);
  if (!compression) return reader.fail(`its parts are compressed with '${name}', which is not known`);
  return new HeadReader(source, reader.little, compression, unpack).read(reader.u64());
}

function asCompression(name: string): Compression | undefined {
  return name === 'none' || name === 'zstd' || name === 'zlib' ? name : undefined;
}

class HeadReader {
  private readonly source: ByteSource;
  private readonly little: boolean;
  private readonly compression: Compression;
  private readonly unpack: Unpack;
  private headerPage = '';
  private readonly formats: string[] = [];
  private cmdlines = '';
  private cpus = 0;
  private clock = 'unknown';
  private tsc: TraceDatHead['tsc'];
  private readonly cpuStats: string[] = [];
  private readonly buffers: Buffer[] = [];
  private readonly guests: Guest[] = [];

  constructor(source: ByteSource, little: boolean, compression: Compression, unpack: Unpack) {
    this.source = source;
    this.little = little;
    this.compression = compression;
    this.unpack = unpack;
  }

  read(firstOptions: number): TraceDatHead {
    const { little } = this;
    let next = firstOptions;
    for (let section = 0; next !== 0 && section < MOST_SECTIONS; section++) next = this.readOptions(next);
    const { headerPage, formats, cmdlines, cpus, clock, tsc, cpuStats, buffers, guests } = this;
    return { version: 7, little, headerPage, formats, cmdlines, cpus, clock, tsc, cpuStats, buffers, guests };
  }

  /** Reads the options at `offset`; gives where the next ones are, or 0. */
  private readOptions(offset: number): number {
    const { reader } = this.body(offset, head.OPTION.done);
    for (;;) {
      const id = reader.u16();
      const size = reader.u32();
      const end = reader.at + size;
      if (size > reader.left) reader.fail('the file ends too early');
      if (id === head.OPTION.done) return size >= 8 ? reader.u64() : 0;
      this.readOption(id, reader, size);
      reader.at = end;
    }
  }

  private readOption(id: number, reader: ByteReader, size: number): void {
    const { OPTION } = head;
    const section = (): ByteReader => this.body(reader.u64(), id).reader;
    switch (id) {
      case OPTION.headerInfo:
        this.headerPage = head.readHeaderInfo(section());
        return;
      case OPTION.ftraceFormats:
        this.formats.push(...head.readFtraceFormats(section()));
        return;
      case OPTION.eventFormats:
        this.formats.push(...head.readEventFormats(section()));
        return;
      case OPTION.cmdlines: {
        const lines = section();
        this.cmdlines += lines.text(lines.u64());
        return;
      }
      case OPTION.traceClock:
        this.clock = head.clockIn(reader.text(size));
        return;
      case OPTION.cpuCount:
        this.cpus = Math.max(this.cpus, head.readCpuCount(reader));
        return;
      case OPTION.cpuStat:
        this.cpuStats.push(reader.text(size));
        return;
      case OPTION.tsc2nsec:
        if (size >= 8) this.tsc = head.readTsc(reader);
        return;
      case OPTION.guest:
        this.guests.push(head.readGuest(reader));
        return;
      case OPTION.buffer:
        this.buffers.push(this.readBuffer(reader, reader.at + size));
    }
  }

  private readBuffer(reader: ByteReader, end: number): Buffer {
    const section = this.section(reader.u64());
    const name = reader.cstring();
    const clock = reader.cstring();
    if (name === '' && this.clock === 'unknown' && clock !== '') this.clock = clock;
    // The page size came with trace-cmd 3.1.6; before, the number of CPUs followed at once. 20 bytes describe a CPU.
    const first = reader.u32();
    const withPageSize = (end - reader.at - 4) % 20 === 0;
    const count = withPageSize ? reader.u32() : first;
    if (count * 20 > end - reader.at) reader.fail('a buffer has more CPUs than room for them');
    return {
      name,
      pageSize: withPageSize ? first : 4096,
      compression: section.compressed ? this.compression : 'none',
      cpus: Array.from({ length: count }, () => ({
        cpu: reader.u32(),
        offset: reader.u64(),
        size: reader.u64(),
      })),
    };
  }

  private section(offset: number): Section & { readonly id: number } {
    const reader = new ByteReader(this.source, offset);
    reader.little = this.little;
    const [id, flags] = [reader.u16(), reader.u16()];
    reader.u32();
    const size = reader.u64();
    return { id, compressed: (flags & COMPRESSED) !== 0, reader, size };
  }

  /** The unpacked body of the section at `offset`, which has to be of the kind `id`. */
  private body(offset: number, id: number): Section {
    const section = this.section(offset);
    if (section.id !== id) section.reader.fail(`section ${section.id} is where section ${id} should be`);
    if (!section.compressed) return section;
    const at = section.reader.offset;
    const bytes = head.readPacked(section.reader, this.compression, this.unpack);
    const reader = new ByteReader(memorySource(bytes), 0, at);
    reader.little = this.little;
    return { ...section, reader };
  }
}
