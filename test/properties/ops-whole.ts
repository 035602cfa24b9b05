import type { Program } from '../../server/src/ir/ir.ts';
import type { Call, RunCall } from './agreement.ts';
import { argumentField, MESSAGE, REASON } from './ops-structs.ts';

/** What an operation does in whole: runs the parts of it that are the policy's, and gives its result. */
type Whole = (run: RunCall, args: Call['args']) => bigint;

/**
 * The operations `init` and `exit` as the compiler puts them together (emit/c/sched-ext.ts): queues are made, the policy's own
 * parts run, timers start; and the loader learns why the scheduler goes. `put` writes a call down, and `make` gives its answer
 * too.
 */
export function wholeOps(
  { dsqs, host: { handlers } }: Program,
  put: (text: string) => void,
  make: (text: string) => bigint,
): { readonly init: Whole; readonly exit: Whole } {
  const blocks = (family: string): Call[] =>
    handlers.filter(({ hook }) => hook.family === family).map((_, i) => ({ name: `${family}${i}`, args: [] }));
  const own = (name: string): boolean =>
    handlers.some(({ hook }) => hook.family === 'op' && hook.name === name);
  return {
    init: (run) => {
      const failed = dsqs.some(({ index }) => make(`queue ${index.toString(16)}`) % 8n === 0n);
      if (failed) return ENOMEM;
      for (const block of blocks('init')) run(block);
      const error = own('init') ? run({ name: 'op_init', args: [] }) : 0n;
      if (error !== 0n) return error;
      for (const { period } of handlers) if (period !== undefined) put(`timer ${period.toString(16)}`);
      return 0n;
    },
    exit: (run, args) => {
      for (const block of blocks('exit')) run(block);
      if (own('exit')) run({ name: 'op_exit', args });
      const number = (args[0] ?? 0n) as bigint;
      const told = ['kind', 'exit_code'].map((field) => Number(argumentField('scx_exit_info', field, number)).toString(16));
      put(['exit', ...told, ...[REASON, MESSAGE].map(firstWord)].join(' '));
      return 0n;
    },
  };
} // prettier-ignore

/** −ENOMEM, which the stand-in for `scx_bpf_create_dsq()` gives now and then. */
const ENOMEM = BigInt.asUintN(64, -12n);

const firstWord = (text: string): string => Buffer.from(text.padEnd(8, '\0')).readBigUInt64LE().toString(16);
