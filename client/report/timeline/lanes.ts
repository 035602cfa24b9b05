import type { Timeline, TimelineThread } from '../../../server/src/lsp/protocol.ts';
import { unpack, type Slices } from '../data.ts';

/** A row of the picture: the slices of one CPU or of one vCPU, in the order of time, none overlapping another. */
export interface Lane {
  readonly kind: 'cpu' | 'vcpu';
  readonly label: string;
  /** The VM of a vCPU's lane. */
  readonly vm: number | undefined;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Index into the timeline's threads. */
  readonly thread: Uint32Array;
  readonly cpu: Uint16Array;
  /** 1 where the thread waits for a CPU. */
  readonly waiting: Uint8Array;
}

/** The lanes of a timeline: its CPUs, then the vCPUs by VM. */
export function lanesOf(timeline: Timeline): readonly Lane[] {
  const slices = unpack(timeline);
  const cpus = Array.from({ length: timeline.cpus }, (_, cpu) =>
    lane('cpu', `CPU ${cpu}`, undefined, slices, (i) => slices.cpu[i] === cpu && !isWaiting(slices, i)),
  );
  const vcpus = timeline.threads
    .map((thread, index) => ({ thread, index }))
    .filter(({ thread }) => thread.vm !== null)
    .toSorted((a, b) => order(a.thread) - order(b.thread) || a.thread.tid - b.thread.tid)
    .map(({ thread, index }) =>
      lane('vcpu', vcpuLabel(thread), thread.vm?.index, slices, (i) => (slices.what[i] ?? 0) >> 1 === index),
    );
  return [...cpus, ...vcpus];
}

const isWaiting = (slices: Slices, i: number): boolean => ((slices.what[i] ?? 0) & 1) === 1;

const order = ({ vm }: TimelineThread): number => (vm ? vm.index * 10_000 + vm.vcpu : 0);

export const vcpuLabel = ({ vm, label }: TimelineThread): string => (vm ? `${vm.name} / ${vm.vcpu}` : label);

function lane(
  kind: Lane['kind'],
  label: string,
  vm: number | undefined,
  slices: Slices,
  belongs: (i: number) => boolean,
): Lane {
  const rows: number[] = [];
  for (let i = 0; i < slices.from.length; i++) if (belongs(i)) rows.push(i);
  // Running slices are listed when they end, waits too: by begin they are almost in order.
  rows.sort((a, b) => (slices.from[a] ?? 0) - (slices.from[b] ?? 0));
  return {
    kind,
    label,
    vm,
    from: Uint32Array.from(rows, (i) => slices.from[i] ?? 0),
    to: Uint32Array.from(rows, (i) => slices.to[i] ?? 0),
    thread: Uint32Array.from(rows, (i) => (slices.what[i] ?? 0) >> 1),
    cpu: Uint16Array.from(rows, (i) => slices.cpu[i] ?? 0),
    waiting: Uint8Array.from(rows, (i) => (slices.what[i] ?? 0) & 1),
  };
}

/** The first slice of a lane that ends after `tick`. */
export function firstAfter({ to }: Lane, tick: number, low = 0): number {
  let high = to.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((to[middle] ?? 0) > tick) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The slice of a lane at `tick`; undefined where there is none. */
export function sliceAt(lane: Lane, tick: number): number | undefined {
  const i = firstAfter(lane, tick);
  return i < lane.from.length && (lane.from[i] ?? 0) <= tick ? i : undefined;
}
