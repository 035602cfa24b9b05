import { readFileSync, readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { LIVENESS } from '../../server/src/diagnostics/codes/liveness.ts';
import { SAFETY } from '../../server/src/diagnostics/codes/safety.ts';
import { pvpolicy } from '../cli/run.ts';
import { diagnose } from './support.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const expected = (text: string): string =>
  /^\/\/ expect: (PV\d{4})\n\/\/ \S/.exec(text)?.[1] ?? 'no expectation';

/** What is said of a policy, by severity. */
const said = (text: string): { readonly errors: string[]; readonly others: string[] } => {
  const found = diagnose(text);
  const of = (isError: boolean): string[] =>
    found.filter(({ severity }) => (severity === 'error') === isError).map(({ code }) => code);
  return { errors: of(true), others: of(false) };
};

describe.each([
  ['examples/unsafe', 1],
  ['examples/risky', 0],
] as const)('%s', (folder, status) => {
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.pvpolicy'))
    .map((name) => `${folder}/${name}`);
  const statuses = new Map<string, number | null>();

  beforeAll(async () => {
    for (const path of paths) statuses.set(path, (await pvpolicy(['check', path])).status);
  });

  it.each(paths)('%s is reported for exactly what its first line says', (path) => {
    const text = read(path);
    const { errors, others } = said(text);
    expect(status === 1 ? { errors, others } : { errors: others, others: errors }).toEqual({
      errors: [expected(text)],
      others: [],
    });
  });

  it.each(paths)(`%s makes 'check' end with status ${status}`, (path) => {
    expect(statuses.get(path)).toBe(status);
  });

  it.each(paths)('%s is named as its file', (path) => {
    expect(read(path)).toContain(`policy ${/([^/]+)\.pvpolicy$/.exec(path)?.[1]} for `);
  });
});

describe('examples of unsafe and risky policies', () => {
  it('cover every rule that needs no other file', () => {
    const covered = new Set(
      ['examples/unsafe', 'examples/risky'].flatMap((folder) =>
        readdirSync(folder).map((name) => expected(read(`${folder}/${name}`))),
      ),
    );
    // These need a call of an out-of-tree kernel, a pvpolicy.json, or the BTF of a kernel.
    const elsewhere = ['PV4002', 'PV4022', 'PV4040', 'PV4041'];
    const left = [...Object.keys(SAFETY), ...Object.keys(LIVENESS)].filter((code) => !covered.has(code));
    expect(left.filter((code) => !elsewhere.includes(code))).toEqual([]);
  });

  it('lead the reader from the hook to the lock', () => {
    const [found] = diagnose(read('examples/unsafe/cpuperf_in_switch.pvpolicy'));
    expect(found?.related.map(({ message }) => message)).toEqual([
      "'on tracepoint sched:sched_switch' runs with rq(this_cpu).__lock held, interrupts off (kernel/sched/core.c:__schedule)",
      expect.stringContaining('inside the kernel, scx_bpf_cpuperf_set() takes rq(cpu).__lock'),
    ]);
    expect(found?.related[0]?.span).toBeDefined();
    expect(found?.related[1]?.span).toBeUndefined();
  });
});
