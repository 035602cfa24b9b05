import type { ProtoReader } from './protobuf.ts';

/** BuiltinClock, as far as ftrace can use them (protos/perfetto/common/builtin_clock.proto of the Perfetto project). */
const BUILTIN: Readonly<Record<number, string>> = { 3: 'mono', 5: 'mono_raw', 6: 'boot' };

/** 64 bits of a field of a number. */
export const bigOf = ({ low, high }: ProtoReader): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/** How the clocks of a trace lie to each other, as its snapshots of several clocks at one moment say. */
export class Clocks {
  /** By clock: what its time lacks to that of the boot clock, ns. The newest snapshot holds. */
  private readonly toBoot = new Map([['boot', 0n]]);

  /** `clock` stood at `time` when the boot clock stood at `boot`, ns. */
  note(clock: string, time: bigint, boot: bigint): void {
    if (clock !== 'boot') this.toBoot.set(clock, boot - time);
  }

  /** Takes a ClockSnapshot (clock_snapshot.proto): the times of clocks at one moment. */
  readSnapshot(snapshot: ProtoReader): void {
    const times = new Map<string, bigint>();
    while (snapshot.next()) {
      if (snapshot.field !== 1 || !snapshot.isBlock) continue;
      let [id, unit, time] = [0, 1n, 0n];
      for (const clock = snapshot.message(); clock.next();) {
        if (clock.isBlock) continue;
        if (clock.field === 1) id = clock.uint;
        else if (clock.field === 2) time = bigOf(clock);
        else if (clock.field === 4) unit = bigOf(clock);
      }
      const name = BUILTIN[id];
      if (name !== undefined) times.set(name, time * unit);
    }
    const boot = times.get('boot');
    if (boot !== undefined) for (const [clock, time] of times) this.note(clock, time, boot);
  }

  /** ns to add to a time of the clock `from` to have that of `to`; undefined: no snapshot says. */
  between(from: string, to: string): number | undefined {
    const [a, b] = [this.toBoot.get(from), this.toBoot.get(to)];
    if (from === to) return 0;
    const shift = a === undefined || b === undefined ? NaN : Number(a - b);
    return Number.isSafeInteger(shift) ? shift : undefined;
  }
}
