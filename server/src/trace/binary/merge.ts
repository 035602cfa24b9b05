import type { CpuStream } from './cpu-stream.ts';

/** Hands the first `most` records of all `streams` to `take` in the order of time; at equal times the lower CPU is first. */
export function mergeStreams(
  streams: readonly CpuStream[],
  take: (stream: CpuStream) => void,
  most = Infinity,
): void {
  let taken = 0;
  const heap = streams.filter((stream) => stream.advance()).toSorted((x, y) => (before(x, y) ? -1 : 1));
  while (heap.length > 0) {
    const first = heap[0]!;
    const second = nextOf(heap);
    // One CPU often has many records before the next one has its turn.
    let more: boolean;
    for (;;) {
      if (taken >= most) return;
      taken++;
      take(first);
      more = first.advance();
      if (!more || (second && !before(first, second))) break;
    }
    if (more) sift(heap);
    else {
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        sift(heap);
      }
    }
  }
}

function before(left: CpuStream, right: CpuStream): boolean {
  return left.time < right.time || (left.time === right.time && left.cpu < right.cpu);
}

function nextOf(heap: readonly CpuStream[]): CpuStream | undefined {
  const [, left, right] = heap;
  return left && right && before(right, left) ? right : left;
}

/** Moves the first stream down to its place in the binary heap. */
function sift(heap: CpuStream[]): void {
  const moved = heap[0]!;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, moved)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = moved;
}
