import type { Helper, Helpers } from './helper.ts';

const inline = (result: string, name: string, params: string, body: string, doc: string): Helper => ({
  code: `/* ${doc} */\nstatic __always_inline ${result} ${name}(${params})\n{\n\treturn ${body};\n}`,
});

/** BPF's own instruction: a test for 0 in C would be a branch behind which the verifier walks everything twice. */
const divide = (name: string, op: string, doc: string): Helper => ({
  code: `/* ${doc} */
static __always_inline u64 ${name}(u64 a, u64 b)
{
	asm("%0 ${op}= %1" : "+r"(a) : "r"(b));
	return a;
}`,
});

const TWO = 'u64 a, u64 b';
const TWO_SIGNED = 's64 a, s64 b';

/** Numbers as the language has them: 64 bits, wrapping, no undefined behaviour. */
export const ARITHMETIC = {
  pv_sub_sat: {
    code: `/*
 * a - b, stopping at 0: clocks of two CPUs may differ. Without the barrier clang tests for an overflow, which takes twice
 * the instructions in BPF.
 */
static __always_inline u64 pv_sub_sat(u64 a, u64 b)
{
	u64 distance = 0;

	if (a > b) {
		distance = a - b;
		barrier_var(distance);
	}
	return distance;
}`,
  },
  pv_before: inline(
    'bool',
    'pv_before',
    TWO,
    '(s64)(a - b) < 0',
    'Is a before b on a clock that wraps around?',
  ),
  pv_min: inline('u64', 'pv_min', TWO, 'a < b ? a : b', 'The smaller of two.'),
  pv_max: inline('u64', 'pv_max', TWO, 'a > b ? a : b', 'The larger of two.'),
  pv_smin: inline('s64', 'pv_smin', TWO_SIGNED, 'a < b ? a : b', 'The smaller of two signed numbers.'),
  pv_smax: inline('s64', 'pv_smax', TWO_SIGNED, 'a > b ? a : b', 'The larger of two signed numbers.'),
  pv_vtime_min: {
    ...inline(
      'u64',
      'pv_vtime_min',
      TWO,
      'pv_before(b, a) ? b : a',
      'The earlier of two on a clock that wraps around.',
    ),
    helpers: ['pv_before'],
  },
  pv_vtime_max: {
    ...inline(
      'u64',
      'pv_vtime_max',
      TWO,
      'pv_before(a, b) ? b : a',
      'The later of two on a clock that wraps around.',
    ),
    helpers: ['pv_before'],
  },
  pv_div: divide('pv_div', '/', "a / b by BPF's own instruction: 0 where b is 0, which C leaves undefined."),
  pv_mod: divide('pv_mod', '%%', "a % b by BPF's own instruction: a where b is 0, which C leaves undefined."),
  pv_abs: inline('u64', 'pv_abs', 's64 x', 'x < 0 ? 0 - (u64)x : (u64)x', 'The distance of x from 0.'),
  pv_sdiv: {
    code: `/* Signed a / b, towards 0: BPF divides signed numbers from -mcpu=v4 on only. */
static __always_inline s64 pv_sdiv(s64 a, s64 b)
{
	u64 q = pv_div(pv_abs(a), pv_abs(b));

	return (a < 0) == (b < 0) ? q : 0 - q;
}`,
    helpers: ['pv_div', 'pv_abs'],
  },
  pv_smod: {
    code: `/* Signed a % b, with the sign of a. */
static __always_inline s64 pv_smod(s64 a, s64 b)
{
	u64 r = pv_mod(pv_abs(a), pv_abs(b));

	return a < 0 ? 0 - r : r;
}`,
    helpers: ['pv_mod', 'pv_abs'],
  },
  pv_part: inline(
    'u64',
    'pv_part',
    'u64 ratio, u64 x',
    '(ratio * x) >> 10',
    'The part of x that ratio, in 1/1024, says.',
  ),
  pv_ratio: {
    ...inline('u64', 'pv_ratio', TWO, 'pv_div(a << 10, b)', 'The ratio of a to b, in 1/1024.'),
    helpers: ['pv_div'],
  },
  pv_atomic_sub_sat: {
    code: `/* *p -= d, stopping at 0, while other CPUs do the same. Loses the update, and counts it, against 16 others. */
static __noinline void pv_atomic_sub_sat(u64 *p, u64 d)
{
	u64 seen, old = *p;
	int i;

	for (i = 0; i < 16; i++) {
		seen = __sync_val_compare_and_swap(p, old, old > d ? old - d : 0);
		if (seen == old)
			return;
		old = seen;
	}
	__sync_fetch_and_add(&pv_health.updates_lost, 1);
}`,
    features: ['health'],
  },
} satisfies Helpers;
