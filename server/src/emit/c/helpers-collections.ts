import { PLAIN_RING } from './effort.ts';
import type { Helpers } from './helper.ts';

/** Lists, rings, averages and histograms. Elements are 64 bits whatever their type. */
export const COLLECTIONS = {
  pv_change: {
    code: `/*
 * Changes what other CPUs, or a hook that interrupts this one, may be changing. No lock, for nobody may wait in every hook: after
 * sixteen tries the change is lost, and counted.
 */
#define pv_change(what, change)										\\
	do {												\\
		if (pv_begin(&(what)->busy)) {								\\
			change;										\\
			pv_end(&(what)->busy);								\\
		}											\\
	} while (0)

/* Not static: the verifier walks it once a program, and not all that follows once for each try. */
__noinline bool pv_begin(u32 *busy)
{
	int i;

	/* What a function that is not static gets may be NULL, for the verifier. */
	if (!busy)
		return false;
	for (i = 0; i < 16; i++)
		if (!__sync_lock_test_and_set(busy, 1))
			return true;
	__sync_fetch_and_add(&pv_health.updates_lost, 1);
	return false;
}

/* A swap, which is in order on every machine: what was changed is seen before it. */
static __always_inline void pv_end(u32 *busy)
{
	(void)__sync_lock_test_and_set(busy, 0);
}`,
    features: ['health'],
  },
  pv_average: {
    code: `/* Moves the average towards the sample by alpha, in 1/1024, of their distance; the first sample is taken as it is. */
static __always_inline void pv_average(struct pv_average *avg, u64 sample, u64 alpha)
{
	if (!avg->primed) {
		avg->primed = 1;
		avg->value = sample;
	} else if (sample >= avg->value) {
		avg->value += ((sample - avg->value) * alpha) >> 10;
	} else {
		avg->value -= ((avg->value - sample) * alpha) >> 10;
	}
}`,
  },
  pv_saverage: {
    code: `/* The same for signed numbers. */
static __always_inline void pv_saverage(struct pv_average *avg, s64 sample, u64 alpha)
{
	if (!avg->primed) {
		avg->primed = 1;
		avg->value = sample;
	} else if (sample >= (s64)avg->value) {
		avg->value += (((u64)sample - avg->value) * alpha) >> 10;
	} else {
		avg->value -= ((avg->value - (u64)sample) * alpha) >> 10;
	}
}`,
  },
  pv_list_push: {
    code: `/* Adds x to the list; a full list stays as it is. */
#define pv_list_push(list, x) pv_list_add((list)->item, &(list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline void pv_list_add(u64 *item, u32 *len, const u32 max, u64 x)
{
	u32 n = *len;

	if (n >= max)
		return;
	item[n] = x;
	*len = n + 1;
}`,
  },
  pv_list_remove: {
    code: `/* Takes x out of the list; the last element takes its place. */
#define pv_list_remove(list, x) pv_list_del((list)->item, &(list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline void pv_list_del(u64 *item, u32 *len, const u32 max, u64 x)
{
	u32 i, last, n = *len;

	pv_for(i, 0, n, max) {
		if (i >= max || item[i] != x)
			continue;
		last = n - 1;
		/* A bound of n is none of last for the verifier of 6.12. */
		barrier_var(last);
		if (last < max)
			item[i] = item[last];
		*len = last;
		return;
	}
}`,
    helpers: ['pv_for'],
  },
  pv_list_has: {
    code: `/* Is x in the list? */
#define pv_list_has(list, x) pv_list_find((list)->item, (list)->len, ARRAY_SIZE((list)->item), x)
static __always_inline bool pv_list_find(const u64 *item, u32 len, const u32 max, u64 x)
{
	u32 i;

	pv_for(i, 0, len, max)
		if (i < max && item[i] == x)
			return true;
	return false;
}`,
    helpers: ['pv_for'],
  },
  pv_list_at: {
    code: `/* Element i of the list; 0 beyond its end. */
#define pv_list_at(list, i) pv_list_get((list)->item, (list)->len, ARRAY_SIZE((list)->item), i)
static __always_inline u64 pv_list_get(const u64 *item, u32 len, const u32 max, u64 i)
{
	return i < max && i < len ? item[i] : 0;
}`,
  },
  pv_ring_push: {
    code: `/* Adds the newest value; a full ring forgets its oldest. */
#define pv_ring_push(ring, x) pv_ring_add((ring)->item, &(ring)->len, &(ring)->first, ARRAY_SIZE((ring)->item), x)
static __always_inline void pv_ring_add(u64 *item, u32 *len, u32 *first, const u32 max, u64 x)
{
	u32 at = *len;

	if (at < max) {
		*len = at + 1;
	} else {
		at = *first;
		*first = at + 1 < max ? at + 1 : 0;
	}
	if (at < max)
		item[at] = x;
}`,
  },
  pv_ring_at: {
    code: `/* Element i of the ring, the oldest first; 0 beyond its end. */
#define pv_ring_at(ring, i) pv_ring_get((ring)->item, (ring)->len, (ring)->first, ARRAY_SIZE((ring)->item), i)
static __always_inline u64 pv_ring_get(const u64 *item, u32 len, u32 first, const u32 max, u64 i)
{
	u64 at = first + i;

	if (i >= len || i >= max)
		return 0;
	if (at >= max)
		at -= max;
	return at < max ? item[at] : 0;
}`,
  },
  pv_walk: {
    code: `/* i from 0 up to len: a plain loop for the few that the verifier may walk one by one. */
#define pv_walk(i, len, max, body)									\\
	if ((max) <= ${PLAIN_RING}) {									\\
		for ((i) = 0; (i) < (max) && (i) < (len); (i)++)					\\
			body;										\\
	} else {											\\
		pv_for((i), 0, (len), (max))								\\
			if ((i) < (max))								\\
				body;									\\
	}`,
    helpers: ['pv_for'],
  },
  pv_ring_sum: {
    code: `/* The sum of the ring's values. */
#define pv_ring_sum(ring) pv_ring_total((ring)->item, pv_hidden((ring)->len), ARRAY_SIZE((ring)->item))
static __always_inline u64 pv_ring_total(const u64 *item, u32 len, const u32 max)
{
	u64 total = 0;
	u32 i;

	pv_walk(i, len, max, total += item[i])
	return pv_hidden(total);
}`,
    helpers: ['pv_walk', 'pv_hidden'],
  },
  pv_ring_max: {
    code: `/* The largest of the ring's values; 0 while it is empty. */
#define pv_ring_max(ring) pv_ring_largest((ring)->item, pv_hidden((ring)->len), ARRAY_SIZE((ring)->item))
static __always_inline u64 pv_ring_largest(const u64 *item, u32 len, const u32 max)
{
	u64 best = 0;
	u32 i;

	pv_walk(i, len, max, best = item[i] > best ? item[i] : best)
	return pv_hidden(best);
}`,
    helpers: ['pv_walk', 'pv_hidden'],
  },
  pv_ring_smax: {
    code: `/* The same for signed values. */
#define pv_ring_smax(ring) pv_ring_slargest((ring)->item, pv_hidden((ring)->len), ARRAY_SIZE((ring)->item))
static __always_inline s64 pv_ring_slargest(const u64 *item, u32 len, const u32 max)
{
	s64 best = len ? (s64)item[0] : 0;
	u32 i;

	pv_walk(i, len, max, best = (s64)item[i] > best ? (s64)item[i] : best)
	return pv_hidden(best);
}`,
    helpers: ['pv_walk', 'pv_hidden'],
  },
  pv_log2: {
    code: `/*
 * The position of the highest bit of x, 0 for 0. Without a branch, for the verifier would walk all that follows once for
 * each: the bits below the highest are set, and a product with a de Bruijn sequence is different for each result.
 */
static __always_inline u32 pv_log2(u64 x)
{
	static const u8 position[64] = {
		0, 47, 1, 56, 48, 27, 2, 60, 57, 49, 41, 37, 28, 16, 3, 61,
		54, 58, 35, 52, 50, 42, 21, 44, 38, 32, 29, 23, 17, 11, 4, 62,
		46, 55, 26, 59, 40, 36, 15, 53, 34, 51, 20, 43, 31, 22, 10, 45,
		25, 39, 14, 33, 19, 30, 9, 24, 13, 18, 8, 12, 7, 6, 5, 63,
	};

	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return position[x * 0x03f79d71b4cb0a89ULL >> 58];
}`,
  },
  pv_record: {
    code: `/* Adds x to the histogram. */
static __noinline void pv_record(struct pv_histogram *h, u64 x)
{
	__sync_fetch_and_add(&h->slot[pv_log2(x) & (PV_SLOTS - 1)], 1);
	__sync_fetch_and_add(&h->sum, x);
}`,
    helpers: ['pv_log2'],
  },
  pv_count: {
    code: `/* Adds n to a counter of those that were found; does nothing where there is no room for them. */
#define pv_count(stats, counter, n)									\\
	do {												\\
		typeof(stats) pv_found = (stats);							\\
													\\
		if (pv_found)										\\
			__sync_fetch_and_add(&pv_found->counter, n);					\\
	} while (0)`,
  },
  pv_sample: {
    code: `/* The same for a histogram and one more value of it. */
#define pv_sample(stats, histogram, x)									\\
	do {												\\
		typeof(stats) pv_found = (stats);							\\
													\\
		if (pv_found)										\\
			pv_record(&pv_found->histogram, x);						\\
	} while (0)`,
    helpers: ['pv_record'],
  },
} satisfies Helpers;
