import type { Collector } from '../collector.ts';
import type { ProtoReader } from './protobuf.ts';

/** Counts above this are damaged. */
const MOST = 2 ** 40;
const AT_END = 2;
/** Fields of FtraceCpuStats that count events which the kernel's buffer of a CPU lost (ftrace_stats.proto). */
const CPU_LOSSES = { overrun: 3, commitOverrun: 4, dropped: 8 } as const;
const COUNTED = new Set<number>(Object.values(CPU_LOSSES));

/** What a Perfetto trace says is missing: in the kernel's buffers, and in those of the recorder. */
export class Losses {
  private readonly collected: Collector;
  /** Events that the kernel's buffers had lost when recording began, and later. */
  private before = 0;
  private after = 0;
  /** Where the last of these figures is. */
  private offset = 0;
  /** CPUs of which there was a bundle. */
  private readonly begun: boolean[] = [];
  /** Does any CPU tell from when on its events are there, and from when on are those of all? */
  private tellsStart = false;
  private wholeFrom = -Infinity;
  /** Bytes of recorded data were replaced by newer ones. */
  private overwritten = false;

  constructor(collected: Collector) {
    this.collected = collected;
  }

  /** Events are missing at `offset`: one at least. */
  saw(offset: number): void {
    this.collected.sawLoss(1, undefined, offset);
  }

  /**
   * A bundle of `cpu` was read, before which the recorder had written its last one at `last`, ns since the base; −∞:
   * there was none. undefined: it does not say.
   */
  sawBundle(cpu: number, last: number | undefined): void {
    if (this.begun[cpu]) return;
    this.begun[cpu] = true;
    if (last === undefined) return;
    this.tellsStart = true;
    this.wholeFrom = Math.max(this.wholeFrom, last);
  }

  /** Takes FtraceStats (ftrace_stats.proto): one when recording begins, and one at each flush after it. */
  readFtrace(stats: ProtoReader, offset: number): void {
    let atEnd = false;
    let lost = 0;
    let cpus = 0;
    while (stats.next()) {
      if (stats.field === 1) atEnd = stats.low === AT_END;
      if (stats.field !== 2 || !stats.isBlock) continue;
      cpus++;
      for (const cpu = stats.message(); cpu.next();) if (COUNTED.has(cpu.field)) lost += cpu.uint;
    }
    if (cpus <= 0x8000) this.collected.cpus = Math.max(this.collected.cpus, cpus);
    if (lost > MOST) return;
    if (!atEnd) this.before = lost;
    else if (lost > this.after) [this.after, this.offset] = [lost, offset];
  }

  /** Takes TraceStats (trace_stats.proto): did buffers of the recorder overflow that keep what is newest? */
  readTrace(stats: ProtoReader): void {
    while (stats.next()) {
      if (stats.field !== 1 || !stats.isBlock) continue;
      for (const buffer = stats.message(); buffer.next();)
        if (buffer.field === 3 && buffer.uint > 0) this.overwritten = true;
    }
  }

  /** Tells what is missing, once all is read. */
  finish(): void {
    const { collected, before, after, offset } = this;
    // A figure of before is of no use where the buffers were emptied since.
    const lost = after >= before ? after - before : after;
    if (lost > collected.lost) collected.sawLoss(lost - collected.lost, undefined, offset);
    if (this.tellsStart) {
      if (this.wholeFrom > collected.earliest) collected.sawOverwritten(undefined, 0, this.wholeFrom);
    } else if (this.overwritten) collected.sawOverwritten(undefined, 0);
  }
}
