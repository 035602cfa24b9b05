import type { Name } from './columns.ts';

const NONE = -1;

/** Events in a row that give a thread the same name: from when, and until when. */
interface Run {
  readonly place: number;
  readonly name: number;
  readonly from: number;
  to: number;
}

/**
 * When events gave threads names that differ from the ones before. Threads are known by their place in a list, names by
 * their numbers. Events need not come in the order of time.
 */
export class GivenNames {
  private readonly runs: Run[] = [];
  /** By place: the last of its runs. */
  private readonly latest: number[] = [];

  addPlace(): void {
    this.latest.push(NONE);
  }

  /** An event at `time` names the thread at `place`. */
  note(place: number, name: number, time: number): void {
    const run = this.runs[this.latest[place]!];
    if (run && run.name === name && time >= run.to) {
      run.to = time;
      return;
    }
    this.latest[place] = this.runs.push({ place, name, from: time, to: time }) - 1;
  }

  /** The names of the threads that had several, by place, in the order of time; times are counted from `first` on. */
  renamed(first: number, text: (name: number) => string): ReadonlyMap<number, readonly Name[]> {
    const several = this.runs.filter(({ place }, at) => this.latest[place] !== at);
    const byPlace = new Map(several.map(({ place }): [number, Run[]] => [place, []]));
    for (const run of this.runs) byPlace.get(run.place)?.push(run);
    const renamed = new Map<number, readonly Name[]>();
    for (const [place, runs] of byPlace) {
      // Runs overlap where events came out of order: both of their ends count.
      const seen = runs.flatMap(({ name, from, to }) => [
        { name, from },
        { name, from: to },
      ]);
      const inTime = seen.toSorted((a, b) => a.from - b.from);
      const changes = inTime.filter(({ name }, i) => name !== inTime[i - 1]?.name);
      if (changes.length < 2) continue;
      renamed.set(
        place,
        changes.map(({ name, from }) => ({ from: from - first, comm: text(name) })),
      );
    }
    return renamed;
  }
}
