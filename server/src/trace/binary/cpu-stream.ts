import { viewOf } from './bytes.ts';
import type { Block } from './decode.ts';
import type { PageLayout } from './page-layout.ts';

/** The pages of one CPU, in order: blocks of whole pages, each with its place in the file; undefined: no more. */
export type Pages = () => PageBlock | undefined;

export interface PageBlock {
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** The bytes were compressed: only the whole block has a place in the file. */
  readonly packed?: boolean;
}

/** What a stream tells beside its events. */
export interface StreamEvents {
  lost(events: number, offset: number): void;
  damaged(message: string, offset: number): void;
}

/** Kinds of records (include/linux/ring_buffer.h). */
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
/** Of a page's commit: the bytes of data; flags that events before this page were lost, and that their number follows. */
const COMMIT_MASK = 0xfffff;
const MISSED_STORED = 0x40000000;
/** Bits of a time stamp that a record holds; the rest are those of its page. */
const STAMP_BITS = 59n;

/** The records of one CPU, one after the other (kernel/trace/ring_buffer.c, rb_update_event). */
export class CpuStream {
  /** Where the record is: `length` bytes at `at` of `block`. */
  block: Block = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };
  at = 0;
  length = 0;
  /** ns since the base. */
  time = 0;
  readonly cpu: number;
  private readonly pages: Pages;
  private readonly pageSize: number;
  private readonly layout: PageLayout;
  private readonly base: bigint;
  private readonly baseHigh: number;
  private readonly baseLow: number;
  private readonly events: StreamEvents;
  /** In the file, of the block's first byte. */
  private blockOffset = 0;
  private packed = false;
  private page = 0;
  private nextPage = 0;
  private next = 0;
  private end = 0;

  /** Times are counted from `base`; without one, from the first page's. */
  constructor(
    cpu: number,
    pages: Pages,
    pageSize: number,
    layout: PageLayout,
    base: bigint,
    events: StreamEvents,
  ) {
    this.cpu = cpu;
    this.pages = pages;
    this.pageSize = pageSize;
    this.layout = layout;
    this.base = base;
    this.baseHigh = Number(base >> 32n);
    this.baseLow = Number(base & 0xffffffffn);
    this.events = events;
  }

  /** Where the record is in the file; of compressed files, where its block is. */
  get offset(): number {
    return this.packed ? this.blockOffset : this.blockOffset + this.page;
  }

  /** Steps to the next record; false: there are no more. */
  advance(): boolean {
    const { little } = this.layout;
    for (;;) {
      const at = this.next;
      if (at + 4 > this.end) {
        if (!this.turnPage()) return false;
        continue;
      }
      const { view } = this.block;
      const head = view.getUint32(at, little);
      const type = little ? head & 31 : head >>> 27;
      const delta = little ? head >>> 5 : head & 0x7ffffff;
      if (type === PADDING && delta === 0) {
        this.next = this.end;
        continue;
      }
      if (type >= 1 && type < PADDING) {
        this.time += delta;
        this.at = at + 4;
        this.length = type * 4;
      } else {
        if (at + 8 > this.end) {
          this.giveUpPage('a record reaches beyond its page');
          continue;
        }
        const word = view.getUint32(at + 4, little);
        if (type === TIME_EXTEND) this.time += word * 2 ** 27 + delta;
        if (type === TIME_STAMP) this.time = this.absolute(word, delta);
        if (type >= TIME_EXTEND) {
          this.next = at + 8;
          continue;
        }
        if (type === 0) this.time += delta;
        this.at = at + 8;
        this.length = type === 0 ? word - 4 : word;
      }
      // A length counts its own word; what is left out has been added to the one of padding.
      this.next = type === PADDING ? at + 4 + this.length : this.at + ((this.length + 3) & ~3);
      if (this.length < 0 || this.next > this.end || this.next <= at) {
        this.giveUpPage('a record reaches beyond its page');
        continue;
      }
      if (type !== PADDING) return true;
    }
  }

  /** Of the page that begins at `page`, since the base; a BigInt for each would be made and collected. */
  private timeOf(page: number): number {
    const { view } = this.block;
    const { timestamp, little } = this.layout;
    const first = view.getUint32(page + timestamp, little);
    const second = view.getUint32(page + timestamp + 4, little);
    const [high, low] = little ? [second, first] : [first, second];
    return (high - this.baseHigh) * 2 ** 32 + (low - this.baseLow);
  }

  private absolute(word: number, delta: number): number {
    const page = this.block.view.getBigUint64(this.page + this.layout.timestamp, this.layout.little);
    const low = (BigInt(word) << 27n) | BigInt(delta);
    return Number(((page >> STAMP_BITS) << STAMP_BITS) + low - this.base);
  }

  private giveUpPage(message: string): void {
    this.events.damaged(message, this.offset);
    this.next = this.end;
  }

  private turnPage(): boolean {
    const { layout, pageSize } = this;
    while (this.nextPage + layout.data > this.block.bytes.length) {
      const block = this.pages();
      if (!block) return false;
      this.block = { bytes: block.bytes, view: viewOf(block.bytes) };
      this.blockOffset = block.offset;
      this.packed = block.packed === true;
      this.nextPage = 0;
    }
    const { view, bytes } = this.block;
    const page = this.nextPage;
    this.page = page;
    this.nextPage = page + pageSize;
    const flags = view.getUint32(
      page + layout.commit + (layout.little || layout.commitSize === 4 ? 0 : 4),
      layout.little,
    );
    const size = flags & COMMIT_MASK;
    this.next = page + layout.data;
    this.end = this.next + size;
    if (this.end > Math.min(bytes.length, page + pageSize)) {
      this.end = this.next;
      this.giveUpPage('a page says that it is larger than it is');
      return true;
    }
    const time = this.timeOf(page);
    if (size > 0 && Math.abs(time) > Number.MAX_SAFE_INTEGER) this.giveUpPage('the time of a page cannot be');
    else this.time = time;
    if (flags >>> 31 === 1) this.sawMissed(page, flags);
    return true;
  }

  /** Where the page has room for it, the number of lost events follows the data. */
  private sawMissed(page: number, flags: number): void {
    const { layout, end, pageSize } = this;
    const stored = (flags & MISSED_STORED) !== 0 && end + layout.commitSize <= page + pageSize;
    const room = stored && end + 8 <= this.block.bytes.length;
    const count = room
      ? layout.commitSize === 4
        ? this.block.view.getUint32(end, layout.little)
        : Number(this.block.view.getBigUint64(end, layout.little))
      : 1;
    this.events.lost(count > 0 && count <= 2 ** 40 ? count : 1, this.offset);
  }
}
