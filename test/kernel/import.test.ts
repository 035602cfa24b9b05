import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBtf } from '../../server/src/kernel/btf/btf.ts';
import { importKernel } from '../../server/src/kernel/import.ts';
import { readImported, type ImportedKernel } from '../../server/src/kernel/imported.ts';
import { openKernel } from '../../server/src/kernel/open-kernel.ts';
import { BtfBuilder } from '../support/btf-builder.ts';
import { smallKernel } from '../support/kernel.ts';
import { runs } from '../support/runs.ts';

function imported(bytes: Uint8Array, name = 'small', version?: string): ImportedKernel {
  const result = importKernel({ bytes, name, ...(version !== undefined && { version }) });
  if (!result.ok) throw new Error(result.message);
  return result.kernel;
}

describe('importing a small kernel', () => {
  it('gives what it has, with C types', () => {
    expect(imported(smallKernel().bytes(), 'small', '6.18')).toEqual({
      version: 1,
      kind: 'pvpolicy-profile',
      name: 'small',
      kernel: '6.18',
      decided: 'given',
      modules: [],
      tracepoints: {
        sched_switch: [
          ['', 'unsigned int'],
          ['', 'struct task_struct *'],
          ['', 'struct task_struct *'],
          ['', 'unsigned int'],
          ['', 'unsigned int'],
        ],
        vendor_pause: [
          ['p', 'struct task_struct *'],
          ['cpu', 's32'],
        ],
      },
      kfuncs: {
        bpf_task_acquire: 'struct task_struct *bpf_task_acquire(struct task_struct *p)',
        vendor_load_of: 'unsigned int vendor_load_of(struct task_struct *p)',
      },
      helpers: ['bpf_ktime_get_ns'],
      ops: {},
      structs: {
        task_struct: {
          pid: 's32',
          vendor_load: 'struct vendor_load *',
          vendor_state: 'enum vendor_state',
          vendor_flags: 'struct vendor_flags',
          prio: 's32',
        },
        vendor_flags: { hot: 'u32:3' },
        vendor_load: { average: 'u32' },
      },
      enums: { vendor_state: { VENDOR_IDLE: '3' } },
    });
  });

  it('is what the schema of profiles describes', () => {
    const schema = JSON.parse(readFileSync('client/kernel-profile.schema.json', 'utf8'));
    const kernel = imported(smallKernel().bytes());
    expect(Object.keys(schema.properties)).toEqual(schema.required);
    expect(Object.keys(kernel).toSorted()).toEqual(schema.required.toSorted());
    expect(schema.properties.version.const).toBe(kernel.version);
  });

  it('reads ELF, and what it wrote itself', () => {
    const kernel = imported(smallKernel().elf());
    expect(kernel).toEqual(imported(smallKernel().bytes()));
    expect(readImported(JSON.stringify(kernel))).toEqual({ ok: true, kernel });
  });

  it('reads a module on top of its kernel', () => {
    const base = smallKernel().bytes();
    const opened = readBtf(base);
    if (!opened.ok) throw new Error(opened.error.message);
    const module = new BtfBuilder(opened.btf);
    const data = module.pointer(0);
    module.typedef('btf_trace_kvm_entry', module.pointer(module.prototype(0, [data, data])));
    const result = importKernel({
      bytes: base,
      name: 'small',
      modules: [{ name: 'kvm', bytes: module.bytes() }],
    });
    expect(result).toMatchObject({
      ok: true,
      kernel: { modules: ['kvm'], tracepoints: { kvm_entry: [['', 'void *']], vendor_pause: {} } },
    });
    const damaged = { name: 'kvm', bytes: module.bytes().subarray(0, 30) };
    expect(importKernel({ bytes: base, name: 'small', modules: [damaged] })).toMatchObject({
      ok: false,
      message: expect.stringContaining('module kvm: '),
    });
  });

  it.each([
    ['{', 'it is no JSON'],
    ['{}', 'it is no kernel profile'],
    ['{"kind":"pvpolicy-profile","version":2}', 'version 2'],
    ['{"kind":"pvpolicy-profile","version":1,"name":3}', "'name'"],
    [
      '{"kind":"pvpolicy-profile","version":1,"name":"x","kernel":"6.18","decided":"given","modules":[],"tracepoints":{"a":[["b"]]}}',
      "'tracepoints'",
    ],
  ])('refuses %s', (text, message) => {
    const opened = openKernel(new TextEncoder().encode(text), 'kernel.json');
    expect(opened).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });

  it('answers damaged bytes with the byte where it shows, whatever they are', () => {
    for (const good of [smallKernel().bytes(), smallKernel().elf()]) {
      const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 12 });
      fc.assert(
        fc.property(damage, fc.nat(good.length), (changes, length) => {
          const bytes = good.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const opened = openKernel(bytes, 'damaged');
          if (opened.ok) return JSON.stringify(opened.profile).length < 100_000;
          return /\(at byte \d+\)$/.test(opened.message);
        }),
        { numRuns: runs(200) },
      );
    }
  });
});

/** BTF of other kernels, which is too large to keep here: a folder with VERSION.btf files. */
const DIRECTORY = process.env['PVPOLICY_BTF'] ?? 'test/fixtures/btf';

/** Kernels at hand, and the version that each is known to be. */
const KERNELS: readonly (readonly [file: string, version: string | undefined])[] = [
  ['/sys/kernel/btf/vmlinux', undefined],
  [`${DIRECTORY}/6.12.107.btf`, '6.12'],
  [`${DIRECTORY}/7.3.4.btf`, '7.3'],
];

describe.each(KERNELS)('importing %s', (file, version) => {
  it.skipIf(!existsSync(file))('finds what every kernel has, and its version', () => {
    const kernel = imported(readFileSync(file), 'kernel');
    expect(kernel.tracepoints['sched_switch']?.map(([name]) => name)).toEqual([
      'preempt',
      'prev',
      'next',
      'prev_state',
    ]);
    expect(kernel.helpers).toContain('bpf_ktime_get_ns');
    expect(kernel.kfuncs['bpf_task_acquire']).toBe(
      'struct task_struct *bpf_task_acquire(struct task_struct *p)',
    );
    expect(kernel.structs['task_struct']).toMatchObject({ pid: 's32', mm: 'struct mm_struct *' });
    expect(kernel.decided).toBe('inferred');
    if (version !== undefined) expect(kernel.kernel).toBe(version);
  });
});
