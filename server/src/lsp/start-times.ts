import type { StartTimes } from './protocol.ts';

/** When the server has got how far on its way to the first diagnostics. */
export class StartNotes {
  private readonly reached: { -readonly [Stage in keyof StartTimes]: number } = {
    booted: performance.timeOrigin,
  };

  /** Notes that a stage is reached; what counts is the first time. */
  note(stage: keyof StartTimes): void {
    this.reached[stage] ??= performance.timeOrigin + performance.now();
  }

  get times(): StartTimes {
    return this.reached;
  }
}
