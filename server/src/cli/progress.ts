/** Shows how far a long run is, on a terminal only; what is quick shows nothing. */
export interface Progress {
  /** `part` is from 0 to 1. */
  readonly show: (what: string, part: number) => void;
  /** Removes what is shown. */
  readonly end: () => void;
}

const WIDTH = 30;
/** ms before anything is shown, and between two pictures. */
const PATIENCE = 500;
const FRAME = 100;

const CLEAR = '\r\u001b[K';

export function newProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { show: () => undefined, end: () => undefined };
  const begin = performance.now();
  let last = begin;
  let shown = false;
  return {
    show: (what, part) => {
      const now = performance.now();
      if (now - begin < PATIENCE || now - last < FRAME) return;
      last = now;
      shown = true;
      const full = Math.round(part * WIDTH);
      const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
      stream.write(`${CLEAR}${what} ${bar} ${Math.floor(part * 100)} %`);
    },
    end: () => {
      if (shown) stream.write(CLEAR);
    },
  };
}
