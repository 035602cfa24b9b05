import { ByteStrings } from './byte-strings.ts';
import type { Name, TaskInfo } from './columns.ts';
import { GivenNames } from './given-names.ts';
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

/** Where the text from `from` on ends: at a zero byte, or at `to`. */
function endOf(bytes: Uint8Array, from: number, to: number): number {
  let end = from;
  while (end < to && bytes[end] !== 0) end++;
  return end;
}

/** The threads that a trace mentions: their last names and, where it tells, their thread groups. */
export class TaskTable {
  private readonly comms = new ByteStrings();
  private readonly tids: number[] = [];
  private readonly comm: number[] = [];
  private readonly tgid: number[] = [];
  /** When each was named last. */
  private readonly named: number[] = [];
  private readonly given = new GivenNames();
  /** By place: the name that an event gave last, whenever that was. */
  private readonly observed: number[] = [];
  /** Time of the event that gives names: one before the last that gave a name does not replace it. */
  now = 0;
  /** By thread id: its place in the lists above, plus one. */
  private places = new Int32Array(1 << 15);
  /** The bytes that an event last had where a name belongs, four words each, and the name that they are. */
  private words = new Int32Array(4 << 8);
  private readonly wordsOf: number[] = [];

  /** `name` of the text in the `NAME_SIZE` bytes from `from` on, which ends at their first zero. */
  nameInPlace(tid: number, text: Text, from: number): void {
    const place = this.place(tid);
    if (place < 0) return;
    if (this.hasWords(place, text.view, from)) {
      const { now } = this;
      if (now < this.named[place]!) {
        this.given.note(place, this.wordsOf[place]!, now);
        return;
      }
      if (this.wordsOf[place] === this.comm[place]) {
        this.named[place] = now;
        return;
      }
    }
    this.nameAnew(tid, place, text, from);
  }

  /** Are the words that the name at `place` had last those from `from` on? */
  private hasWords(place: number, view: DataView, from: number): boolean {
    const { words } = this;
    const at = 4 * place;
    return (
      words[at] === view.getInt32(from, true) &&
      words[at + 1] === view.getInt32(from + 4, true) &&
      words[at + 2] === view.getInt32(from + 8, true) &&
      words[at + 3] === view.getInt32(from + 12, true)
    );
  }

  private nameAnew(tid: number, place: number, text: Text, from: number): void {
    this.name(tid, text, from, endOf(text.bytes, from, from + NAME_SIZE));
    const at = 4 * place;
    if (at >= this.words.length) this.words = grown(this.words, 2 * this.words.length);
    for (let word = 0; word < 4; word++) this.words[at + word] = text.view.getInt32(from + 4 * word, true);
    this.wordsOf[place] = this.observed[place]!;
  }

  /** `name` of the text from `from` on, which ends at its first zero, or at `to`. */
  nameUntilZero(tid: number, text: Text, from: number, to: number): void {
    const place = this.place(tid);
    if (place < 0) return;
    const known = this.comm[place]!;
    const isLast = known !== UNKNOWN && this.now >= this.named[place]! && this.observed[place] === known;
    if (isLast && this.comms.standsAt(known, text.bytes, text.view, from, to)) this.named[place] = this.now;
    else this.name(tid, text, from, endOf(text.bytes, from, to));
  }

  /** Notes the name that an event itself gives for `tid`, from `from` to `to`; it replaces an older one. */
  name(tid: number, { bytes, view }: Text, from: number, to: number): void {
    const place = this.place(tid);
    if (place < 0) return;
    const known = this.comm[place]!;
    const same = known !== UNKNOWN && this.comms.equals(known, bytes, view, from, to);
    if (same && this.now >= this.named[place]! && this.observed[place] === known) {
      this.named[place] = this.now;
      return;
    }
    const name = same ? known : this.comms.intern(bytes, view, from, to);
    this.given.note(place, name, this.now);
    this.observed[place] = name;
    if (this.now < this.named[place]!) return;
    this.named[place] = this.now;
    this.comm[place] = name;
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

  /** The names of the threads that had several, by id; times are counted from `first` on. */
  renamed(first: number): ReadonlyMap<number, readonly Name[]> {
    const byPlace = this.given.renamed(first, (name) => this.comms.text(name));
    return new Map([...byPlace].map(([place, names]) => [this.tids[place]!, names]));
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
    this.observed.push(UNKNOWN);
    this.given.addPlace();
    this.places[tid] = this.tids.length;
    return this.tids.length - 1;
  }

  private grow(tid: number): void {
    let size = this.places.length;
    while (size <= tid) size *= 2;
    this.places = grown(this.places, size);
  }
}
