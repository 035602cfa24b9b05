import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endId, entriesOf, KIND, readBtf, typeById } from '../../../server/src/kernel/btf/btf.ts';
import { elfSection, isElf } from '../../../server/src/kernel/btf/elf.ts';
import {
  enumeratorsOf,
  fieldOf,
  kernelFacts,
  membersOf,
  resolve,
  typeName,
} from '../../../server/src/kernel/btf/facts.ts';
import { importKernel } from '../../../server/src/kernel/import.ts';
import { BtfBuilder } from '../../support/btf-builder.ts';
import { runs } from '../../support/runs.ts';

function sample(): BtfBuilder {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const task = b.struct('task_struct', [
    { name: 'pid', type: int },
    { name: '', type: b.nextId() + 1 },
  ]);
  b.struct('', [{ name: 'prio', type: int }]);
  const pointer = b.pointer(task);
  const voidPointer = b.pointer(0);
  b.typedef(
    'btf_trace_sched_switch',
    b.pointer(b.prototype(0, [voidPointer, pointer, b.pointer(b.constant(int))])),
  );
  b.declTag('bpf_kfunc', b.func('scx_bpf_kick_cpu', b.prototype(0, [int])));
  const ops = b.struct('sched_ext_ops', [{ name: 'enqueue', type: b.pointer(b.prototype(0, [pointer])) }]);
  b.struct('bpf_struct_ops_sched_ext_ops', [{ name: 'data', type: ops }]);
  b.enumeration('scx_enq_flags', [['SCX_ENQ_WAKEUP', 1]]);
  return b;
}

function open(bytes: Uint8Array) {
  const result = readBtf(bytes);
  if (!result.ok) throw new Error(result.error.message);
  return result.btf;
}

describe('reading BTF', () => {
  it('finds tracepoints, kfuncs, struct_ops, fields and enumerators', () => {
    const btf = open(sample().bytes());
    const facts = kernelFacts(btf);
    expect(facts.tracepoints.get('sched_switch')).toEqual({
      params: [
        { name: '', type: 'struct task_struct *' },
        { name: '', type: 'const int *' },
      ],
      result: 'void',
    });
    expect(facts.kfuncs.get('scx_bpf_kick_cpu')?.params).toEqual([{ name: '', type: 'int' }]);
    expect(facts.structOps.get('sched_ext_ops')?.get('enqueue')?.params[0]?.type).toBe(
      'struct task_struct *',
    );
    expect(
      enumeratorsOf(btf, facts, 'scx_enq_flags').find(({ name }) => name === 'SCX_ENQ_WAKEUP')?.value,
    ).toBe(1n);
    const task = facts.structs.get('task_struct') ?? 0;
    expect(typeName(btf, fieldOf(btf, task, 'prio')?.type ?? 0)).toBe('int');
  });

  it('says where the data ends too early', () => {
    const bytes = sample().bytes();
    expect(readBtf(bytes.subarray(0, 10))).toEqual({
      ok: false,
      error: { message: 'the BTF header is cut short', offset: 10 },
    });
    const cut = readBtf(bytes.subarray(0, bytes.length - 1));
    expect(cut.ok).toBe(false);
  });

  it('names BTF of the other endianness', () => {
    const bytes = sample().bytes();
    [bytes[0], bytes[1]] = [bytes[1] ?? 0, bytes[0] ?? 0];
    expect(readBtf(bytes)).toMatchObject({ ok: false, error: { offset: 0, message: /big-endian/ } });
  });

  it('ends on types that refer to themselves', () => {
    const b = new BtfBuilder();
    b.typedef('loop', b.nextId());
    const pointer = b.pointer(b.nextId());
    b.struct('self', [{ name: '', type: b.nextId() }]);
    const btf = open(b.bytes());
    expect(resolve(btf, 1)).toBeUndefined();
    expect(typeName(btf, pointer)).toContain('*');
    expect(membersOf(btf, 3)).toEqual([]);
  });

  it('ends on structs that have each other inside again and again', () => {
    const b = new BtfBuilder();
    for (let i = 0; i < 31; i++)
      b.struct('', [
        { name: '', type: b.nextId() + 1 },
        { name: '', type: b.nextId() + 1 },
      ]);
    b.struct('', [{ name: 'x', type: 0 }]);
    expect(membersOf(open(b.bytes()), 1).length).toBeLessThan(3000);
  });

  it('cuts names that have no end in sight', () => {
    const b = new BtfBuilder();
    b.struct('x'.repeat(100_000), []);
    expect(typeById(open(b.bytes()), 1)?.name).toHaveLength(512);
  });

  it('never throws, whatever the bytes', () => {
    const good = sample().bytes();
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(damage, fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        const result = readBtf(bytes);
        if (!result.ok) return result.error.message.length > 0;
        for (let id = 0; id <= endId(result.btf); id++) {
          const type = typeById(result.btf, id);
          if (type) entriesOf(result.btf, type);
          typeName(result.btf, id);
        }
        kernelFacts(result.btf);
        importKernel({ bytes, name: 'damaged' });
        return true;
      }),
      { numRuns: runs(300) },
    );
  });

  it('reads the split BTF of a module on top of its base', () => {
    const base = open(sample().bytes());
    const module = new BtfBuilder(base);
    module.typedef('btf_trace_kvm_entry', module.pointer(module.prototype(0, [4, 4])));
    const result = readBtf(module.bytes(), base);
    expect(result.ok).toBe(true);
    if (!result.ok) return;
    expect(kernelFacts(result.btf).tracepoints.get('kvm_entry')?.params).toEqual([
      { name: '', type: 'struct task_struct *' },
    ]);
  });
});

describe('BTF inside ELF', () => {
  it('is found by section name', () => {
    const bytes = sample().elf();
    expect(isElf(bytes)).toBe(true);
    const section = elfSection(bytes, '.BTF');
    expect(section.ok && readBtf(section.bytes).ok).toBe(true);
    expect(elfSection(bytes, '.debug_info')).toMatchObject({
      ok: false,
      error: { message: /CONFIG_DEBUG_INFO_BTF/ },
    });
  });

  it('never throws on damaged files', () => {
    const good = sample().elf();
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        (length, at, value) => {
          const bytes = good.slice(0, length);
          if (at < length) bytes[at] = value;
          elfSection(bytes, '.BTF');
        },
      ),
    );
  });
});

const RUNNING = '/sys/kernel/btf/vmlinux';

describe.skipIf(!existsSync(RUNNING))('the BTF of the running kernel', () => {
  it('has the tracepoints and fields that policies use', () => {
    const btf = open(readFileSync(RUNNING));
    const facts = kernelFacts(btf);
    expect(facts.tracepoints.get('sched_switch')?.params.map((p) => p.type)).toEqual([
      'bool',
      'struct task_struct *',
      'struct task_struct *',
      'unsigned int',
    ]);
    const task = facts.structs.get('task_struct') ?? 0;
    expect(typeName(btf, fieldOf(btf, task, 'nr_cpus_allowed')?.type ?? 0)).toBe('int');
    expect(facts.kfuncs.has('bpf_cpumask_create')).toBe(true);
    expect(typeById(btf, facts.structs.get('task_struct') ?? 0)?.kind).toBe(KIND.struct);
  });
});
