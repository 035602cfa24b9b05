import type { Program } from '../../ir/ir.ts';

/**
 * Flags of the compiler for BPF: v3 is what kernels from 5.12 take, and signed numbers wrap as the language says. What a
 * policy says needlessly (`v = v`, `x < x`) is no mistake of the C.
 */
export const BPF_FLAGS = [
  ...['-g', '-O2', '-mcpu=v3', '-fwrapv'],
  ...['-Wall', '-Wno-self-assign', '-Wno-tautological-compare'],
] as const;

/** The Makefile of the generated files. */
export function makefileText(program: Program, sourceName: string): string {
  const { name } = program;
  const guest = program.guest !== undefined;
  const headers = [`${name}.h`, ...(program.target === 'pvsched' ? ['pvsched.h'] : [])].join(' ');
  const lines = [
    '# SPDX-License-Identifier: GPL-2.0',
    `# Builds ${name}. Made from ${sourceName}: changes belong there, not here.`,
    '# Needs clang, bpftool, and libbpf and libelf with their headers.',
    'CLANG ?= clang',
    'BPFTOOL ?= bpftool',
    'CFLAGS ?= -g -O2 -Wall',
    `BPF_CFLAGS ?= ${BPF_FLAGS.join(' ')}`,
    '',
    `all: ${name}${guest ? ` ${name}.guest` : ''}`,
    '',
    '%.bpf.o: %.bpf.c ' + headers,
    '\t$(CLANG) -target bpf $(BPF_CFLAGS) -c $< -o $@',
    '',
    '# Without its debugging information, which the loader does not need, the object is a tenth of the size.',
    '%.linked.o: %.bpf.o',
    '\t$(BPFTOOL) gen object $@ $<',
    '',
    `${name}.skel.h: ${name}.linked.o`,
    `\t$(BPFTOOL) gen skeleton $< name ${name}_bpf > $@`,
    '',
    `${name}: ${name}.c ${headers} ${name}.skel.h`,
    '\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -lbpf -lelf -lz',
    '',
    ...(guest
      ? [
          `${name}.guest.skel.h: ${name}.guest.linked.o`,
          `\t$(BPFTOOL) gen skeleton $< name ${name}_guest_bpf > $@`,
          '',
          `${name}.guest: ${name}.guest.c ${headers} ${name}.guest.skel.h`,
          '\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -lbpf -lelf -lz',
          '',
        ]
      : []),
    'clean:',
    `\trm -f ${name}${guest ? ` ${name}.guest` : ''} *.skel.h *.bpf.o *.linked.o`,
    '',
    '.PHONY: all clean',
    '.DELETE_ON_ERROR:',
    '.SECONDARY:',
  ];
  return `${lines.join('\n')}\n`;
}
