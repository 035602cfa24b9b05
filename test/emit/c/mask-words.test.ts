import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HELPERS, PLAIN_FOR } from '../../../server/src/emit/c/helpers.ts';
import { lane, onPath } from '../../support/lanes.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The helpers as a program for this machine: words that are changed at once, and CPU by CPU, on machines of several sizes. */
const PROGRAM = `#include <stdbool.h>
#include <stdio.h>
#include <string.h>
typedef int s32;
typedef unsigned int u32, __u32;
typedef long long s64;
typedef unsigned long long u64, __u64;
#define __always_inline inline
#define barrier_var(x) ((void)(x))
#define pv_opaque(x) (x)
static u32 pv_nr_cpus;

${[PLAIN_FOR, HELPERS.pv_words_have, HELPERS.pv_words_change, HELPERS.pv_range_bits, HELPERS.pv_word_of, HELPERS.pv_words_each].map(({ code }) => code).join('\n\n')}

${[HELPERS.pv_word_set, HELPERS.pv_word_or, HELPERS.pv_word_and, HELPERS.pv_word_xor].map(({ code }) => code).join('\n\n')}

static u64 mix = 1;

/* Words with bits of CPUs that are there, or with any. */
static void fill(u64 *words, bool any)
{
	for (u32 cpu = 0; cpu < 1024; cpu++) {
		mix = mix * 6364136223846793005ULL + 1442695040888963407ULL;
		if (cpu % 64 == 0)
			words[cpu / 64] = 0;
		if ((any || cpu < pv_nr_cpus) && mix >> 63)
			words[cpu / 64] |= 1ULL << (cpu % 64);
	}
}

#define both(op, bits, test)										\\
	do {												\\
		u64 first[16], other[16], once[16], each[16];						\\
		s32 i, cpu;										\\
													\\
		fill(first, false);									\\
		fill(other, true);									\\
		memcpy(once, first, sizeof(once));							\\
		memcpy(each, first, sizeof(each));							\\
		pv_words_each(op, once, i, bits);							\\
		pv_words_change(op, each, cpu, test);							\\
		compared++;										\\
		if (memcmp(once, each, sizeof(once)))							\\
			printf("%s: %d CPUs, %lld to %lld\\n", #op " " #bits, pv_nr_cpus, lo, hi);	\\
	} while (0)

int main(void)
{
	static const u32 sizes[] = { 1, 2, 63, 64, 65, 200, 1023, 1024 };
	static const s64 ends[] = { -9223372036854775807LL, -65, -1, 0, 1, 62, 63, 64, 65, 127, 128, 500, 1023, 1024, 9223372036854775807LL };
	int compared = 0;

	for (u32 s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (u32 a = 0; a < sizeof(ends) / sizeof(ends[0]); a++)
			for (u32 b = 0; b < sizeof(ends) / sizeof(ends[0]); b++) {
				s64 lo = ends[a], hi = ends[b];

				pv_nr_cpus = sizes[s];
				both(set, pv_range_bits(i, lo, hi), cpu >= lo && cpu <= hi);
				both(or, pv_range_bits(i, lo, hi), cpu >= lo && cpu <= hi);
				both(and, ~pv_range_bits(i, lo, hi), !(cpu >= lo && cpu <= hi));
				both(xor, pv_word_of(other, i) & ~pv_range_bits(i, lo, hi), pv_words_have(other, cpu) && !(cpu >= lo && cpu <= hi));
			}
	printf("%d compared\\n", compared);
	return 0;
}
`;

lane(
  'clang',
  'words of masks',
  () => onPath('gcc', 'cc'),
  (compiler) => {
    test('are the same changed at once and CPU by CPU', () => {
      writeFileSync(join(folder, 'words.c'), PROGRAM);
      execFileSync(compiler, ['-O1', '-w', 'words.c', '-o', 'words'], { cwd: folder });
      const said = execFileSync(join(folder, 'words'), { encoding: 'utf8' });
      expect(said).toBe(`${8 * 15 * 15 * 4} compared\n`);
    });
  },
);
