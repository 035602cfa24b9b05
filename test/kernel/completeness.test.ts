import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CALLS,
  HOOKS,
  callRow,
  hookRow,
  type HookRow,
  type Life,
} from '../../server/src/kernel/catalogue.ts';
import { callInfo } from '../../server/src/kernel/calls.ts';
import { consequenceOf } from '../../server/src/kernel/effects.ts';
import { PROFILES, presence, type Profile } from '../../server/src/kernel/profiles.ts';
import { diagnose } from '../safety/support.ts';

/**
 * Every call and hook that is known of at all, with what was seen of it: '+' there, '-' not there, '?' nobody looked, or
 * the kernel was built without; in 6.8 (from when it was added), and in 6.12, 6.18, 7.2 and 7.3 (BTF and sources).
 */
const NAMED = JSON.parse(readFileSync('test/fixtures/kernel/named.json', 'utf8')) as {
  readonly calls: Readonly<Record<string, string>>;
  readonly hooks: Readonly<Record<string, string>>;
};

const SEEN = ['pvsched-rfc-v2', '6.12', '6.18', '7.2', '7.3'].map((id): Profile =>
  PROFILES.find((profile) => profile.id === id)!,
);

/** Where the catalogue says something else than what was seen. */
function contradictions(life: Life, seen: string): string[] {
  return SEEN.flatMap((profile, i) => {
    const found = presence(life, profile);
    const wrong = (seen[i] === '+' && found === 'no') || (seen[i] === '-' && found === 'yes');
    return wrong ? [`${profile.id}: ${found}, seen ${seen[i]}`] : [];
  });
}

/** The rows of a name: 'sched_ext_ops.enqueue', 'sched_switch'; an op of both forms has one. */
function rowsOf(name: string): readonly HookRow[] {
  const [struct, member] = name.includes('.') ? name.split('.') : ['', name];
  if (struct === 'pvsched_vcpu_ops') {
    const events = member?.endsWith('notify_event')
      ? ['vmenter', 'vmexit', 'halt', 'intr_inj']
      : [member?.replace('pvsched_vcpu_', '') ?? ''];
    return events.flatMap((event) => hookRow('pvsched', event) ?? []);
  }
  const row = hookRow(struct === '' ? 'tracepoint' : 'op', member ?? '');
  return row === undefined ? [] : [row];
}

describe('the catalogue', () => {
  it('has every call', () => {
    expect(Object.keys(NAMED.calls).filter((name) => callRow(name) === undefined)).toEqual([]);
    expect(CALLS.filter(({ name }) => NAMED.calls[name] === undefined)).toEqual([]);
  });

  it('has every hook', () => {
    expect(Object.keys(NAMED.hooks).filter((name) => rowsOf(name).length === 0)).toEqual([]);
    const named = new Set(Object.keys(NAMED.hooks).flatMap((name) => rowsOf(name)));
    expect(HOOKS.filter((row) => !named.has(row)).map(({ name }) => name)).toEqual([]);
  });

  it('says of each call where the kernel has it and how that is known', () => {
    for (const row of CALLS) {
      expect(row.file, row.name).toMatch(/\/|RFC/);
      expect(row.source, row.name).not.toBe('');
      expect(row.confidence, row.name).not.toBe('');
    }
  });

  it('calls unknown whatever nobody has analysed, and nothing else', () => {
    for (const row of CALLS) expect(/not analysed/.test(row.confidence), row.name).toBe(row.unknown === true);
  });

  it('says of each call that a policy may make whether it only asks, and where that was read', () => {
    for (const row of CALLS) {
      if (callInfo(row.name)?.usable !== true) expect(row.asks, row.name).toBeUndefined();
      else expect(row.asks === false || row.asks?.includes(`:${row.name}() in `), row.name).toBe(true);
      if (row.ends === true) expect(consequenceOf(row.name), row.name).toBe('end');
      if (row.unknown === true || row.fires !== undefined)
        expect(consequenceOf(row.name), row.name).toBe('change');
    }
    expect(consequenceOf('a_call_of_a_module')).toBe('change');
  });

  it('has each call in the kernels in which it was seen, and in no other that was looked at', () => {
    // A function that no program can call needs no version.
    const wrong = CALLS.filter((row) => row.class !== 'internal').flatMap((row) =>
      contradictions(row, NAMED.calls[row.name] ?? '').map((text) => `${row.name} ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has each hook in the kernels in which it was seen, and in no other that was looked at', () => {
    const wrong = Object.entries(NAMED.hooks).flatMap(([name, seen]) => {
      // One row for an op of both forms: that of the older form tells since when.
      if (name.startsWith('sched_ext_ops_cid.') && NAMED.hooks[name.replace('_cid.', '.')] !== undefined)
        return [];
      return rowsOf(name).flatMap((row) => contradictions(row, seen).map((text) => `${name} ${text}`));
    });
    expect(wrong).toEqual([]);
  });

  it.each([...CALLS, ...HOOKS])('has $name in kernels that follow each other', (row) => {
    const found = PROFILES.filter(({ mainline }) => mainline).map((profile) => presence(row, profile));
    const first = found.findIndex((one) => one !== 'no');
    const last = found.findLastIndex((one) => one !== 'no');
    expect(found.slice(Math.max(first, 0), last + 1)).not.toContain('no');
  });
});

describe('what is known of and not for policies', () => {
  const codes = (text: string): string[] => diagnose(text).map(({ code }) => code);

  it('is refused: the ops of schedulers that name CPUs by cids', () => {
    for (const row of HOOKS.filter(({ form }) => form === 'cid')) {
      const text = `policy p for sched_ext requires kernel >= 7.3\non op ${row.name}() { }\n`;
      expect(codes(text), row.name).toEqual(['PV2010']);
    }
  });

  it('is unsafe where nobody has read it, also in a hook that holds no lock', () => {
    const text = (hook: string): string =>
      `policy p for tracing requires kernel >= 6.18\n${hook} { bpf_get_kmem_cache(1) }\n`;
    expect(codes(text('on tracepoint sched:sched_process_exec(p)'))).toContain('PV4009');
    expect(codes(text('every 10ms'))).toContain('PV4009');
    expect(codes(text('on init'))).not.toContain('PV4009');
  });
});
