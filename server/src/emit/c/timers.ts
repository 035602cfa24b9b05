import type { Handler } from '../../ir/ir.ts';
import { nanoseconds } from './ctypes.ts';
import { everyName, handlerLines, handlerNames } from './handlers.ts';
import { mapLines } from './maps.ts';
import type { Line } from './printer.ts';
import type { Unit } from './unit.ts';

export const timersOf = (unit: Unit): readonly Handler[] =>
  unit.code.handlers.filter((handler) => handler.hook.family === 'every');

const periodOf = (handler: Handler): bigint => {
  if (handler.period === undefined) throw new Error('a timer without a period');
  return handler.period;
};

/** Periods longer than this are counted in ns all the same; the kernel takes 64 bits. */
const periodText = (handler: Handler): string => nanoseconds(periodOf(handler)).text;

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
  ];
}

/** The functions that run in timers. Each starts its timer again when it is done. */
export function timerLines(unit: Unit): Line[] {
  const names = timerNames(unit);
  return timersOf(unit).flatMap((handler) => {
    const name = names.get(handler) ?? '';
    const inner = handlerLines(unit, handler, {
      section: undefined,
      head: () => `static __always_inline void on_${name}(void)`,
      plainReturn: 'return',
    });
    const callback = [
      `static int ${name}(void *map, u32 *key, struct pv_timer *timer)`,
      '{',
      `\ton_${name}();`,
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

/** Statements that start every timer. */
export function startTimers(unit: Unit): string[] {
  const names = timerNames(unit);
  return timersOf(unit).flatMap((handler, i) => [
    `key = ${i};`,
    'timer = bpf_map_lookup_elem(&pv_timers, &key);',
    'if (timer) {',
    '\tbpf_timer_init(&timer->timer, &pv_timers, CLOCK_MONOTONIC);',
    `\tbpf_timer_set_callback(&timer->timer, ${names.get(handler) ?? ''});`,
    `\tbpf_timer_start(&timer->timer, ${periodText(handler)}, 0);`,
    '}',
  ]);
}

/** Variables that `startTimers` uses. */
export const timerVariables = (unit: Unit): string[] =>
  timersOf(unit).length === 0 ? [] : ['struct pv_timer *timer;', 'u32 key;', ''];
