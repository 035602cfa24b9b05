import type { InParts } from '../../../grammar/in-parts.ts';

/** ms of work in one turn: with a message that is read in between, less than a frame of a screen. */
const TURN = 8;

/** Work that waits, the first in line first. There is one loop of messages in a process. */
const waiting = new Set<{ readonly work: () => void }>();
let due: NodeJS.Immediate | undefined;

/** Does `work` in a turn of its own: messages are read before it and behind it. Gives what takes it back. */
export function nextTurn(work: () => void): () => void {
  const one = { work };
  waiting.add(one);
  due ??= setImmediate(turn);
  return () => void waiting.delete(one);
}

function turn(): void {
  const [first] = waiting;
  due = undefined;
  if (first === undefined) return;
  waiting.delete(first);
  if (waiting.size > 0) due = setImmediate(turn);
  first.work();
}

/** Says, from now on, whether a turn has time for more. */
export function untilTurnEnds(): () => boolean {
  const start = performance.now();
  return () => performance.now() - start < TURN;
}

/** Does work turn by turn, the first one at once; undefined: before one of them nobody `wants` it any more. */
export function inTurns<T>(work: InParts<T>, wants: () => boolean): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const step = (): void => {
      try {
        if (!wants()) return resolve(undefined);
        const goOn = untilTurnEnds();
        do {
          const { done, value } = work.next();
          if (done === true) return resolve(value);
        } while (goOn());
        nextTurn(step);
      } catch (error) {
        reject(error);
      }
    };
    step();
  });
}
