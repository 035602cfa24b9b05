import type { Handler } from '../../ir/ir.ts';
import { nanoseconds } from './ctypes.ts';
import { everyName, handlerLines, handlerName, handlerNames } from './handlers.ts';
import { kfunc } from './kfuncs.ts';
import { mapLines } from './maps.ts';
import type { Line } from './printer.ts';
import { followsPointers } from './sleep.ts';
import type { Unit } from './unit.ts';

export const timersOf = (unit: Unit): readonly Handler[] =>
  unit.code.handlers.filter((handler) => handler.hook.family === 'every');

const periodOf = (handler: Handler): bigint => {
  if (handler.period === undefined) throw new Error('a timer without a period');
  return handler.period;
};

/** Periods longer than this are counted in ns all the same; the kernel takes 64 bits. */
const periodText = (handler: Handler): string => nanoseconds(periodOf(handler)).text;

const START_TIMER = String.raw`static __always_inline int pv_start_timer(u32 key, int (*callback)(void *, u32 *, struct pv_timer *), u64 period)
{
	struct pv_timer *timer = bpf_map_lookup_elem(&pv_timers, &key);
	int err;

	if (!timer)
		return -1;
	err = bpf_timer_init(&timer->timer, &pv_timers, CLOCK_MONOTONIC);
	if (err)
		return err;
	err = bpf_timer_set_callback(&timer->timer, callback);
	return err ? err : bpf_timer_start(&timer->timer, period, 0);
}
`;

/** The map of timers, before the functions that run in them. */
export function timerMap(unit: Unit): string[] {
  const timers = timersOf(unit);
  if (timers.length === 0) return [];
  return [
    'struct bpf_timer {',
    '\t__u64 opaque[2];',
    '} __attribute__((aligned(8)));',
    '',
    'struct pv_timer {',
    '\tstruct bpf_timer timer;',
    '};',
    '',
    ...mapLines({
      name: 'pv_timers',
      doc: 'One for each `every`.',
      type: 'ARRAY',
      entries: `${timers.length}`,
      key: 'u32',
      value: 'struct pv_timer',
    }),
    ...START_TIMER.split('\n'),
  ];
}

/** A call of a handler's function from a program that may sleep: within an RCU section where it follows pointers. */
export function withPointers(unit: Unit, { body }: Handler, call: string): string[] {
  if (!followsPointers(unit.code, body)) return [call];
  return [`${kfunc(unit, 'bpf_rcu_read_lock')}();`, call, `${kfunc(unit, 'bpf_rcu_read_unlock')}();`];
}

/** The functions that run in timers: for 6.12 they sleep as what starts them does, which knows no pointers of the kernel. Each starts its timer again when it is done. */
export function timerLines(unit: Unit): Line[] {
  const names = timerNames(unit);
  return timersOf(unit).flatMap((handler) => {
    const name = names.get(handler) ?? '';
    const own = handlerName(unit, `on_${name}`);
    const inner = handlerLines(unit, handler, {
      section: undefined,
      head: () => `static __always_inline void ${own}(void)`,
      plainReturn: 'return',
    });
    const callback = [
      `static int ${name}(void *map, u32 *key, struct pv_timer *timer)`,
      '{',
      ...withPointers(unit, handler, `${own}();`).map((line) => `\t${line}`),
      `\tbpf_timer_start(&timer->timer, ${periodText(handler)}, 0);`,
      '\treturn 0;',
      '}',
      '',
    ];
    return [
      ...inner,
      ...callback.map((text): Line => ({ text, origin: /^[{}]?$/.test(text) ? 'any' : 'generated' })),
    ];
  });
}

const timerNames = (unit: Unit): ReadonlyMap<Handler, string> =>
  handlerNames(unit, (handler) => (handler.period === undefined ? '' : everyName(handler.period)));

/** Statements that start every timer; they need a variable `err`. */
export function startTimers(unit: Unit): string[] {
  const names = timerNames(unit);
  return timersOf(unit).flatMap((handler, i) => [
    `err = pv_start_timer(${i}, ${names.get(handler) ?? ''}, ${periodText(handler)});`,
    'if (err)',
    '\treturn err;',
  ]);
}
