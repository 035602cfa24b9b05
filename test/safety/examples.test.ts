import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIVENESS } from '../../server/src/diagnostics/codes/liveness.ts';
import { SAFETY } from '../../server/src/diagnostics/codes/safety.ts';
import { diagnose } from './support.ts';

const FOLDER = 'examples/unsafe';
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.pvpolicy'));
const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, 'utf8');
const expected = (text: string): string =>
  /^\/\/ expect: (PV\d{4})\n\/\/ \S/.exec(text)?.[1] ?? 'no expectation';

/** A call that policies cannot make is named as such beside what it would do. */
const BESIDE = 'PV2012';

describe('examples of unsafe policies', () => {
  it.each(files)('%s is reported for exactly what its first line says', (name) => {
    const text = read(name);
    const codes = diagnose(text).map(({ code }) => code);
    expect(codes.filter((code) => code !== BESIDE)).toEqual([expected(text)]);
  });

  it.each(files)('%s is named as its file', (name) => {
    expect(read(name)).toContain(`policy ${name.replace('.pvpolicy', '')} for `);
  });

  it('cover every rule that needs no other file', () => {
    const covered = new Set(files.map((name) => expected(read(name))));
    // These need a call of an out-of-tree kernel, and a pvpolicy.json.
    const left = [...Object.keys(SAFETY), ...Object.keys(LIVENESS)].filter((code) => !covered.has(code));
    expect(left).toEqual(['PV4002', 'PV4022']);
  });

  it('lead the reader from the hook to the lock', () => {
    const [found] = diagnose(read('cpuperf_in_switch.pvpolicy'));
    expect(found?.related.map(({ message }) => message)).toEqual([
      "'on tracepoint sched:sched_switch' runs with rq(this_cpu).__lock held, interrupts off (kernel/sched/core.c:__schedule)",
      expect.stringContaining('inside the kernel, scx_bpf_cpuperf_set() takes rq(cpu).__lock'),
    ]);
    expect(found?.related[0]?.span).toBeDefined();
    expect(found?.related[1]?.span).toBeUndefined();
  });
});
