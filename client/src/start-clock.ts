import type { StartTimes } from '../../server/src/lsp/protocol.ts';

/** Stages of the extension on the way to the first diagnostics, each with the words that the log has for it. */
const STAGES = {
  forked: 'server forked',
  required: 'client library loaded',
  asking: 'initialize sent',
  opening: 'policy opened',
  shown: 'diagnostics shown',
  activated: 'activate called by VS Code',
} as const;

const SERVER_STAGES: Readonly<Record<keyof StartTimes, string>> = {
  booted: 'server up',
  loaded: 'server loaded',
  asked: 'initialize read',
  checked: 'policy checked',
  opened: 'policy read',
  published: 'diagnostics sent',
};

/** Notes when the extension has got how far. Begins when it is made, which is when VS Code loads the extension. */
export class StartClock {
  private readonly begun = performance.now();
  private readonly reached = new Map<keyof typeof STAGES, number>();

  /** Notes that a stage is reached; what counts is the first time. True where that was it. */
  note(stage: keyof typeof STAGES): boolean {
    if (this.reached.has(stage)) return false;
    this.reached.set(stage, performance.now() - this.begun);
    return true;
  }

  /** From the begin to the first diagnostics, in ms. */
  get shown(): number {
    return Math.round(this.reached.get('shown') ?? 0);
  }

  /** What was when, in ms from the begin; `server` is in ms since 1970. */
  describe(server: StartTimes): string {
    const ours = [...this.reached].map(([stage, at]) => ({ words: STAGES[stage], at }));
    const begun = performance.timeOrigin + this.begun;
    const its = (Object.keys(SERVER_STAGES) as (keyof StartTimes)[]).flatMap((stage) => {
      const at = server[stage];
      return at === undefined ? [] : { words: SERVER_STAGES[stage], at: at - begun };
    });
    return [...ours, ...its]
      .toSorted((a, b) => a.at - b.at)
      .map(({ words, at }) => `${words} ${at.toFixed(0)}`)
      .join(', ');
  }
}
