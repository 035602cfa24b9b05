/** Shows how far a long run is, on a terminal only; what is quick shows nothing. */
export interface Progress {
  /** Is there anybody to see it? */
  readonly seen: boolean;
  /** Shows at once, and from then on behind the bar, what is known so far. */
  readonly tell: (text: string) => void;
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
  if (!stream.isTTY)
    return { seen: false, tell: () => undefined, show: () => undefined, end: () => undefined };
  const begin = performance.now();
  let last = begin;
  let shown = false;
  let told = '';
  const write = (text: string): void => {
    shown = true;
    // What reaches the next line would stay there.
    stream.write(CLEAR + text.slice(0, stream.columns > 0 ? stream.columns - 1 : undefined));
  };
  return {
    seen: true,
    tell: (text) => {
      told = text;
      write(text);
    },
    show: (what, part) => {
      const now = performance.now();
      if (now - begin < PATIENCE || now - last < FRAME) return;
      last = now;
      const full = Math.round(part * WIDTH);
      const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
      write(`${what} ${bar} ${Math.floor(part * 100)} %${told === '' ? '' : `; ${told}`}`);
    },
    end: () => {
      if (shown) stream.write(CLEAR);
    },
  };
}
