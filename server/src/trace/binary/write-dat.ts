/** What a trace.dat says of its events, as tracefs has it. */
export interface DatHead {
  readonly headerPage: string;
  readonly headerEvent: string;
  /** By system: the texts of the `format` files. */
  readonly formats: ReadonlyMap<string, readonly string[]>;
  /** Lines `tid comm`, as in saved_cmdlines. */
  readonly comms: string;
  /** As in trace_clock: the one in brackets is in use. */
  readonly clock: string;
  readonly pageSize: number;
  /** Bytes of ring-buffer pages of each CPU, by its number. */
  readonly cpuSizes: readonly number[];
}

const TRACE_CLOCK = 4;

/**
 * The bytes of a trace.dat of version 6, little-endian and of a 64-bit kernel, up to the pages: those of the CPUs
 * follow, one after the other (trace-cmd's Documentation/trace-cmd/trace-cmd.dat.v6.5.txt).
 */
export function datHead(head: DatHead): Uint8Array {
  const out = new Bytes();
  out.raw(0x17, 0x08, 0x44).text('tracing').cstring('6').raw(0, 8).u32(head.pageSize);
  out.cstring('header_page').sized(head.headerPage).cstring('header_event').sized(head.headerEvent);
  out.u32(0).u32(head.formats.size);
  for (const [system, formats] of head.formats) {
    out.cstring(system).u32(formats.length);
    for (const format of formats) out.sized(format);
  }
  out.u32(0).u32(0).sized(head.comms).u32(head.cpuSizes.length).cstring('options  ');
  const clock = new Bytes().cstring(head.clock).all();
  out
    .u16(TRACE_CLOCK)
    .u32(clock.length)
    .raw(...clock)
    .u16(0)
    .cstring('flyrecord');
  let offset = align(out.length + 16 * head.cpuSizes.length, head.pageSize);
  const first = offset;
  for (const size of head.cpuSizes) {
    out.u64(offset).u64(size);
    offset += size;
  }
  return out.padded(first).all();
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

class Bytes {
  private bytes = new Uint8Array(64 * 1024);
  length = 0;

  raw(...values: number[]): this {
    this.room(values.length).set(values, this.length);
    this.length += values.length;
    return this;
  }

  text(text: string): this {
    const encoded = new TextEncoder().encode(text);
    this.room(encoded.length).set(encoded, this.length);
    this.length += encoded.length;
    return this;
  }

  cstring(text: string): this {
    return this.text(`${text}\0`);
  }

  /** The length in 64 bits, and the text. */
  sized(text: string): this {
    return this.u64(new TextEncoder().encode(text).length).text(text);
  }

  u16(value: number): this {
    return this.raw(value & 0xff, value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }

  u64(value: number): this {
    return this.u32(value >>> 0).u32(Math.floor(value / 2 ** 32));
  }

  padded(to: number): this {
    this.room(to - this.length);
    this.length = to;
    return this;
  }

  all(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private room(more: number): Uint8Array {
    if (this.length + more > this.bytes.length) {
      const larger = new Uint8Array(2 * (this.length + more));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return this.bytes;
  }
}
