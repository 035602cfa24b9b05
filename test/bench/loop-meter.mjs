// Loaded into the server by `node --import`: tells over the IPC channel for how long its event loop was held up at most.
import { readFileSync } from 'node:fs';

/** ms that this thread was on a CPU, which a busy machine leaves as it is; where the system does not tell: the clock. */
function spent() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

let measuring = false;
let longest = 0;
let last = 0;

/** Once in each round of the loop. */
function round() {
  const now = spent();
  longest = Math.max(longest, now - last);
  last = now;
  if (measuring) setImmediate(round);
}

process.on('message', (order) => {
  process.send(longest);
  measuring = order === 'start';
  if (!measuring) return;
  longest = 0;
  last = spent();
  setImmediate(round);
});
// The channel alone must not keep the server alive.
process.channel.unref();
