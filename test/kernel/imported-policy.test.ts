import { describe, expect, it } from 'vitest';
import { importKernel } from '../../server/src/kernel/import.ts';
import { profileOf } from '../../server/src/kernel/imported.ts';
import { filesOf, snapshot, type Snapshot } from '../../server/src/pipeline.ts';
import { readConfig } from '../../server/src/workspace/config.ts';
import { smallKernel } from '../support/kernel.ts';

const imported = importKernel({ bytes: smallKernel().bytes(), name: 'small', version: '6.18' });
if (!imported.ok) throw new Error(imported.message);
const profile = profileOf(imported.kernel);

/** A policy held against the small kernel, with what pvpolicy.json says besides. */
function check(body: string, config: object = {}): Snapshot {
  const text = JSON.stringify({ profile: './kernel.json', ...config });
  const { settings, diagnostics } = readConfig(text, () => ({ ok: true, profile }));
  expect(diagnostics).toEqual([]);
  return snapshot(`policy p for tracing\n${body}\n`, settings);
}
const codes = (body: string, config?: object): string[] =>
  check(body, config).diagnostics.map(({ code }) => code);

const PAUSE = 'on tracepoint vendor:vendor_pause(p, c) { log "{p.pid} {c}" }';
const open = { hooks: { 'vendor:vendor_pause': { locks: [], irqs: 'on', contexts: ['task'] } } };
const locked = { hooks: { 'vendor:vendor_pause': { locks: ['rq'], irqs: 'off' } } };
const load = (effects: readonly string[]) => ({ kfuncs: { vendor_load_of: { effects } } });

describe('a hook that only the kernel knows', () => {
  it('is an error until pvpolicy.json describes it', () => {
    expect(codes(PAUSE)).toEqual(['PV4040']);
    expect(check(PAUSE).diagnostics[0]?.message).toContain('"vendor_pause"');
    expect(codes(PAUSE, open)).toEqual([]);
  });

  it('has the arguments that the kernel passes, with its names where it has some', () => {
    const hook = check(PAUSE).model.kernel.hook('tracepoint', 'vendor_pause');
    expect(hook?.params.map(({ name, type }) => [name, type.kind])).toEqual([
      ['p', 'task'],
      ['cpu', 'cpu'],
    ]);
    expect(codes('on tracepoint vendor:vendor_pause(p, c, x) { }')).toContain('PV2013');
  });

  it('is held to the context that pvpolicy.json gives it', () => {
    const call = 'on tracepoint vendor:vendor_pause(p) { log "{vendor_load_of(p)}" }';
    const takes = load(['acquires_rq_lock']);
    expect(codes(call, { ...locked, ...takes })).toEqual(['PV4001']);
    expect(codes(call, { ...open, ...takes })).toEqual([]);
    expect(codes(call, { ...open, ...load(['requires_irqs_enabled']) })).toEqual([]);
    expect(codes(call, { ...locked, ...load(['requires_irqs_enabled']) })).toEqual(['PV4004']);
  });
});

describe('a call that only the kernel knows', () => {
  const call = 'on tracepoint sched:sched_switch(a, prev) { log "{vendor_load_of(prev)}" }';

  it('is an error until pvpolicy.json says what it does', () => {
    expect(codes(call)).toEqual(['PV4041']);
    expect(codes(call, load([]))).toEqual([]);
    expect(codes(call, load(['acquires_rq_lock']))).toEqual(['PV4001']);
  });

  it('can be the way in which an action is done', () => {
    const boost = 'on tracepoint sched:sched_switch(a, prev) { set_weight(prev, 100) }';
    const config = { kfuncs: { vendor_load_of: { effects: ['acquires_pi_lock'], delivers: 'set_weight' } } };
    expect(codes(boost, config)).toEqual(['PV4016']);
  });
});

describe('what the kernel has otherwise than the catalogue', () => {
  it('arguments: its own count, and its own types', () => {
    const hook = check('').model.kernel.hook('tracepoint', 'sched_switch');
    expect(hook?.params.map(({ name, type }) => `${name} ${type.kind}`)).toEqual([
      'arg0 int',
      'prev task',
      'next task',
      'prev_state int',
      'arg4 int',
    ]);
  });

  it('hooks and calls that it lacks', () => {
    expect(codes('on tracepoint sched:sched_waking(p) { }')).toEqual(['PV4013']);
    expect(check('on tracepoint sched:sched_waking(p) { }').diagnostics[0]?.message).toContain('small');
    expect(codes('on tracepoint sched:sched_switch() { log "{bpf_get_smp_processor_id()}" }')).toEqual([
      'PV4012',
    ]);
  });
});

describe('fields of its structs', () => {
  const read = (what: string): string => `on tracepoint sched:sched_switch(a, p) { log "{${what}}" }`;

  it('are read where the catalogue lacks them, and walked through', () => {
    expect(codes(read('p.vendor_state'))).toEqual([]);
    expect(
      codes('on tracepoint sched:sched_switch(a, p) { if let l = p.vendor_load { log "{l.average}" } }'),
    ).toEqual([]);
  });

  it('are unknown where the kernel has none, with the nearest name', () => {
    const found = check(read('p.vendor_stat')).diagnostics;
    expect(found.map(({ code }) => code)).toEqual(['PV2006']);
    expect(found[0]?.message).toContain("'vendor_state'");
  });

  it('are missing where only other kernels have them', () => {
    expect(codes(read('p.static_prio'))).toEqual(['PV4025']);
  });

  it('cannot be read where the language has no value for them', () => {
    expect(codes(read('p.vendor_flags.hot'))).toEqual(['PV2034']);
  });
});

describe('the severity of a code', () => {
  const late = 'on tracepoint sched:sched_switch(a, p) { defer boost(p, FIFO, 8, for: 50us) }';

  it('is as pvpolicy.json has it', () => {
    expect(codes(late)).toEqual(['PV4017']);
    expect(codes(late, { severity: { PV4017: 'off' } })).toEqual([]);
    expect(check(late, { severity: { PV4017: 'error' } }).diagnostics[0]?.severity).toBe('error');
  });
});

it('the C of such a policy has the prototypes and fields of that kernel', async () => {
  const checked = check(
    `on tracepoint vendor:vendor_pause(p) {
  if let l = p.vendor_load { log "{l.average} {vendor_load_of(p)}" }
  if p.vendor_state == VENDOR_IDLE { log "idle" }
}`,
    { ...open, ...load([]) },
  );
  expect(checked.diagnostics).toEqual([]);
  const text = (await filesOf(checked, 'p.pvpolicy'))?.[0]?.text;
  expect(text).toContain('SEC("tp_btf/vendor_pause")');
  expect(text).toContain('extern unsigned int vendor_load_of(struct task_struct *p) __ksym;');
  expect(text).toContain(
    'struct vendor_load {\n\tvolatile u32 average;\n} __attribute__((preserve_access_index));',
  );
  expect(text).toContain('enum vendor_state vendor_state;');
  expect(text).toContain('bpf_core_enum_value(enum vendor_state, VENDOR_IDLE)');
});

it('a denial names the rule that denies', () => {
  const { diagnostics } = check('on tracepoint sched:sched_switch(a, p) { pin(p, cpus(0)) }', {
    deny: { actions: ['p*'] },
  });
  expect(diagnostics).toContainEqual(
    expect.objectContaining({ code: 'PV4022', message: expect.stringContaining("'p*'") }),
  );
});
