import { ByteStrings } from './byte-strings.ts';
import type { TaskInfo } from './columns.ts';
import { grown } from './grown.ts';

/** PID_MAX_LIMIT on 64-bit kernels (include/linux/threads.h, 6.12): thread ids are below it. */
const PID_LIMIT = 4 * 1024 * 1024;
const UNKNOWN = -1;
/** TASK_COMM_LEN (include/linux/sched.h). */
export const NAME_SIZE = 16;

/** Bytes and a view of them. */
interface Text {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Can `tid` be the id of a thread? */
export function isThreadId(tid: number): boolean {
  return tid >= 0 && tid < PID_LIMIT;
}

/** The threads that a trace mentions: their last names and, where it tells, their thread groups. */
export class TaskTable {
  private readonly comms = new ByteStrings();
  private readonly tids: number[] = [];
  private readonly comm: number[] = [];
  private readonly tgid: number[] = [];
  /** When each was named last. */
  private readonly named: number[] = [];
  /** Time of the event that gives names, where events do not come in the order of time; else always the same. */
  now = 0;
  /** By thread id: its place in the lists above, plus one. */
  private places = new Int32Array(1 << 15);
  /** The bytes that an event last had where a name belongs, four words each, and the name that they are. */
  private words = new Int32Array(4 << 8);
  private readonly wordsOf: number[] = [];

  /** `name` of the text in the `NAME_SIZE` bytes from `from` on, which ends at their first zero. */
  nameInPlace(tid: number, text: Text, from: number): void {
    const place = this.place(tid);
    if (place < 0 || this.now < this.named[place]!) return;
    const { bytes, view } = text;
    const { words } = this;
    const at = 4 * place;
    const [a, b] = [view.getInt32(from, true), view.getInt32(from + 4, true)];
    const [c, d] = [view.getInt32(from + 8, true), view.getInt32(from + 12, true)];
    const same = words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d;
    if (same && this.wordsOf[place] === this.comm[place]) {
      this.named[place] = this.now;
      return;
    }
    let end = from;
    while (end < from + NAME_SIZE && bytes[end] !== 0) end++;
    this.name(tid, text, from, end);
    if (at >= words.length) this.words = grown(words, 2 * words.length);
    this.words.set([a, b, c, d], at);
    this.wordsOf[place] = this.comm[place]!;
  }

  /** Notes the name that an event itself gives for `tid`, from `from` to `to`; it replaces an older one. */
  name(tid: number, { bytes, view }: Text, from: number, to: number): void {
    const place = this.place(tid);
    if (place < 0) return;
    if (this.now < this.named[place]!) return;
    this.named[place] = this.now;
    const known = this.comm[place]!;
    if (known !== UNKNOWN && this.comms.equals(known, bytes, view, from, to)) return;
    this.comm[place] = this.comms.intern(bytes, view, from, to);
  }

  /**
   * Notes the name in the left column of a line, which counts only while no event has given one: it is what the
   * recorder had saved, perhaps from before an exec, and `<...>` where it had nothing.
   */
  nameIfUnknown(tid: number, { bytes, view }: Text, from: number, to: number): void {
    const place = this.place(tid);
    if (place < 0 || this.comm[place] !== UNKNOWN) return;
    let start = from;
    while (start < to && bytes[start] === 0x20) start++;
    const placeholder = bytes[start] === 0x3c && bytes[start + 1] === 0x2e;
    if (start < to && !placeholder) this.comm[place] = this.comms.intern(bytes, view, start, to);
  }

  /** Has an event mentioned `tid`? */
  has(tid: number): boolean {
    return tid > 0 && tid < this.places.length && this.places[tid] !== 0;
  }

  /** Notes that `tid` was seen; is its name still unknown? Not of the idle tasks. */
  mention(tid: number): boolean {
    const place = this.place(tid);
    return place >= 0 && this.comm[place] === UNKNOWN;
  }

  /** Notes the thread group of `tid`. */
  group(tid: number, tgid: number): void {
    const place = this.place(tid);
    if (place >= 0 && isThreadId(tgid)) this.tgid[place] = tgid;
  }

  /** The threads by id, in the order in which they were first seen. */
  tasks(): Map<number, TaskInfo> {
    const tasks = new Map<number, TaskInfo>();
    this.tids.forEach((tid, place) => {
      const comm = this.comm[place]!;
      const tgid = this.tgid[place]!;
      tasks.set(tid, {
        tid,
        comm: comm === UNKNOWN ? '<...>' : this.comms.text(comm),
        tgid: tgid === UNKNOWN ? undefined : tgid,
      });
    });
    return tasks;
  }

  /** The place of `tid`, a new one where it has none; −1 for the idle tasks (0) and what is no thread id. */
  private place(tid: number): number {
    if (tid <= 0 || tid >= PID_LIMIT) return -1;
    if (tid >= this.places.length) this.grow(tid);
    const known = this.places[tid]!;
    if (known !== 0) return known - 1;
    this.tids.push(tid);
    this.comm.push(UNKNOWN);
    this.tgid.push(UNKNOWN);
    this.named.push(-Infinity);
    this.wordsOf.push(UNKNOWN - 1);
    this.places[tid] = this.tids.length;
    return this.tids.length - 1;
  }

  private grow(tid: number): void {
    let size = this.places.length;
    while (size <= tid) size *= 2;
    this.places = grown(this.places, size);
  }
}
