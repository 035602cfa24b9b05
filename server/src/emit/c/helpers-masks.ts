import type { Helper, Helpers } from './helper.ts';
import { MOST_CPUS } from './helpers-kernel.ts';
import { MASK_WORDS } from './mask-words.ts';

const masks = (op: 'and' | 'or' | 'xor', doc: string): Helper => ({
  code: `/* ${doc}; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_${op}(const struct cpumask *a, const struct cpumask *b)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_${op}(mask, a, b);
	return mask;
}`,
  kfuncs: ['bpf_cpumask_create', `bpf_cpumask_${op}`],
});

const word = (op: string, change: string): Helper => ({
  code: `static __always_inline void pv_word_${op}(u64 *words, s32 cpu, u64 bits)
{
	u32 i = (u32)cpu / 64;
	u64 *word;

	barrier_var(i);
	if (i >= ${MASK_WORDS})
		return;
	word = &words[i];
	${change};
}`,
});

/** Sets of CPUs: those that the kernel makes, and words that are kept. */
export const MASKS = {
  pv_mask_and: masks('and', 'The CPUs of both masks'),
  pv_mask_or: masks('or', 'The CPUs of either mask'),
  pv_mask_xor: masks('xor', 'The CPUs of one mask only'),
  pv_mask_not: {
    code: `/* The CPUs that are not in the mask; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_not(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask) {
		bpf_cpumask_setall(mask);
		bpf_cpumask_xor(mask, (const struct cpumask *)mask, a);
	}
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_setall', 'bpf_cpumask_xor'],
  },
  pv_mask_copy: {
    code: `/* The same CPUs; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_copy(const struct cpumask *a)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_copy(mask, a);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_copy'],
  },
  pv_mask_cpu: {
    code: `/* The CPU alone; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_cpu(s32 cpu)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		bpf_cpumask_set_cpu(cpu, mask);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_set_cpu'],
  },
  pv_mask_new: {
    code: `/* The CPUs from lo to hi; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_new(s32 lo, s32 hi)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (mask)
		pv_mask_add(mask, lo, hi);
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create'],
    helpers: ['pv_mask_add'],
  },
  pv_mask_of: {
    code: `/* The mask whose bits are in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	int cpu;

	if (!mask)
		return NULL;
	pv_for(cpu, 0, (s32)pv_nr_cpus, ${MASK_WORDS * 64}) {
		if (pv_words_have(words, cpu))
			bpf_cpumask_set_cpu(cpu, mask);
	}
	return mask;
}`,
    kfuncs: ['bpf_cpumask_create', 'bpf_cpumask_set_cpu'],
    helpers: ['pv_for', 'pv_words_have'],
  },
  pv_mask_not_of: {
    code: `/* The mask of all CPUs whose bits are not in words; NULL where there is no memory. */
static __always_inline struct bpf_cpumask *pv_mask_not_of(const volatile __u64 *words)
{
	struct bpf_cpumask *mask pv_auto(mask) = pv_mask_of(words);

	return mask ? pv_mask_not((const struct cpumask *)mask) : NULL;
}`,
    helpers: ['pv_put_mask', 'pv_mask_not', 'pv_mask_of'],
  },
  pv_words_have: {
    code: `/* Is the bit of the CPU set in the words? */
static __always_inline bool pv_words_have(const volatile __u64 *words, s32 cpu)
{
	u32 word = (u32)cpu / 64;

	/* What is tested is what is used, which clang would see through. */
	barrier_var(word);
	return word < ${MASK_WORDS} && words[word] >> ((u32)cpu % 64) & 1;
}`,
  },
  pv_words_change: {
    code: `/*
 * Changes the words of a mask by what the test says of each CPU, a word at a time; op: set, or, and, xor. All but 'set' are one
 * step for each word.
 */
#define pv_words_change(op, words, cpu, test)								\\
	do {												\\
		u64 pv_bits = pv_opaque(0);								\\
													\\
		pv_for((cpu), 0, (s32)pv_nr_cpus, ${MASK_WORDS * 64}) {							\\
			if (test)									\\
				pv_bits |= 1ULL << ((cpu) & 63);					\\
			if (((cpu) & 63) == 63 || (cpu) + 1 == (s32)pv_nr_cpus) {			\\
				pv_word_##op((words), (cpu), pv_bits);					\\
				pv_bits = 0;								\\
			}										\\
		}											\\
	} while (0)`,
    helpers: ['pv_for', 'pv_opaque'],
  },
  pv_words_each: {
    code: `/* Changes the words of a mask, word i by its bits; op as above. Those of CPUs that are not there stay as they are. */
#define pv_words_each(op, words, i, bits)								\\
	do {												\\
		pv_for((i), 0, (s32)((pv_nr_cpus + 63) / 64), ${MASK_WORDS})						\\
			pv_word_##op((words), (i) * 64, (bits) & pv_range_bits((i), 0, (s32)pv_nr_cpus - 1)); \\
	} while (0)`,
    helpers: ['pv_for', 'pv_range_bits'],
  },
  pv_range_bits: {
    code: `/* Bits of the CPUs from lo to hi in word i of a mask. */
static __always_inline u64 pv_range_bits(s32 i, s64 lo, s64 hi)
{
	s64 first = i * 64, last = first + 63;

	if (lo > last || hi < first || lo > hi)
		return 0;
	return ~0ULL << (lo > first ? lo - first : 0) & ~0ULL >> (hi < last ? last - hi : 0);
}`,
  },
  pv_word_of: {
    code: `/* Word i of a mask. */
static __always_inline u64 pv_word_of(const volatile __u64 *words, u32 i)
{
	barrier_var(i);
	return i < ${MASK_WORDS} ? words[i] : 0;
}`,
  },
  pv_word_set: word('set', '*word = bits'),
  pv_word_or: word('or', '__sync_fetch_and_or(word, bits)'),
  pv_word_and: word('and', '__sync_fetch_and_and(word, bits)'),
  pv_word_xor: word('xor', '__sync_fetch_and_xor(word, bits)'),
  pv_mask_add: {
    code: `/* Adds the CPUs from lo to hi. */
static __always_inline void pv_mask_add(struct bpf_cpumask *mask, s32 lo, s32 hi)
{
	int cpu;

	pv_for(cpu, lo, hi + 1, ${MOST_CPUS})
		bpf_cpumask_set_cpu(cpu, mask);
}`,
    helpers: ['pv_for'],
    kfuncs: ['bpf_cpumask_set_cpu'],
  },
  pv_mask_drop: {
    code: `/* Takes the CPUs from lo to hi out. */
static __always_inline void pv_mask_drop(struct bpf_cpumask *mask, s32 lo, s32 hi)
{
	int cpu;

	pv_for(cpu, lo, hi + 1, ${MOST_CPUS})
		bpf_cpumask_clear_cpu(cpu, mask);
}`,
    helpers: ['pv_for'],
    kfuncs: ['bpf_cpumask_clear_cpu'],
  },
  pv_mask_first: {
    code: `/* The lowest CPU of the mask, or -1. */
static __always_inline s32 pv_mask_first(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_first(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}`,
    kfuncs: ['bpf_cpumask_first'],
  },
  pv_mask_any: {
    code: `/* Some CPU of the mask, or -1. */
static __always_inline s32 pv_mask_any(const struct cpumask *mask)
{
	u32 cpu = bpf_cpumask_any_distribute(mask);

	return cpu < pv_nr_cpus ? (s32)cpu : -1;
}`,
    kfuncs: ['bpf_cpumask_any_distribute'],
  },
} satisfies Helpers;
