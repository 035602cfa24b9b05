import { PROFILES, select, type Profile } from '../kernel/profiles.ts';
import { kernelView } from '../kernel/view.ts';
import type { HookFamily, HookInfo, KernelView } from '../semantics/kernel-view.ts';
import { show } from '../semantics/types.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { Refusal } from './refusal.ts';
import { known } from './settings.ts';
import { table, type Terminal } from './terminal.ts';

const FAMILIES: readonly HookFamily[] = ['tracepoint', 'op', 'pvsched'];

export const kernel: Command = {
  operands: 'list | show [PROFILE|BTF-FILE]',
  options: {},
  notes: "'show' takes the profile of --kernel where none is named, else the newest.",
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [action, name, more] = operands;
    if (more !== undefined) throw new Refusal(`'${more}' is one operand too many`);
    const json = given.flag('json');
    switch (action) {
      case 'list':
        list(terminal, json);
        return EXIT.ok;
      case 'show':
        showProfile(profileOf(name ?? given.text('kernel')), terminal, json);
        return EXIT.ok;
      default:
        throw new Refusal(action === undefined ? 'kernel list, or kernel show?' : `no 'kernel ${action}'`);
    }
  },
};

function profileOf(name: string | undefined): Profile {
  const picked = name === undefined ? undefined : known(name);
  if (typeof picked === 'object') return picked;
  const found = PROFILES.findLast(({ id, mainline }) => (picked === undefined ? mainline : id === picked));
  if (found) return found;
  throw new Error(`the profile ${picked} has gone`);
}

const view = (profile: Profile): KernelView => kernelView(select([profile]));

function list(terminal: Terminal, json: boolean): void {
  const profiles = PROFILES.map((profile) => {
    const { hooks, calls } = view(profile);
    const [tracepoints, ops, pvsched] = FAMILIES.map((family) => hooks(family).length);
    return {
      profile: profile.id,
      tracepoints,
      ops,
      pvsched,
      calls: calls().length,
      mainline: profile.mainline,
    };
  });
  if (json) {
    terminal.out(`${JSON.stringify({ version: 1, profiles })}\n`);
    return;
  }
  const rows = profiles.map(({ profile, tracepoints, ops, pvsched, calls, mainline }) => [
    profile,
    ...[tracepoints, ops, pvsched, calls].map(String),
    mainline ? '' : 'the paravirt scheduling patch set as posted; no released kernel has it',
  ]);
  const columns = ['profile', 'tracepoints', 'ops', 'pvsched', 'calls'].map((title, i) => ({
    title,
    align: i === 0 ? ('left' as const) : ('right' as const),
  }));
  terminal.out(table([...columns, { title: '' }], rows, terminal.paint));
}

function showProfile(profile: Profile, terminal: Terminal, json: boolean): void {
  const { hooks, calls } = view(profile);
  const found = FAMILIES.flatMap((family) => hooks(family));
  if (json) {
    const shown = {
      version: 1,
      profile: profile.id,
      hooks: found.map((hook) => ({
        hook: titleOf(hook),
        params: hook.params.map(({ name, type }) => ({ name, type: show(type) })),
        doc: hook.doc,
      })),
      calls: calls().map(({ name, class: kind, signature, usable, doc }) => ({
        name,
        class: kind,
        signature,
        usable: usable === true,
        doc,
      })),
    };
    terminal.out(`${JSON.stringify(shown)}\n`);
    return;
  }
  const { paint } = terminal;
  const hookRows = found.map((hook) => [
    titleOf(hook),
    hook.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', '),
  ]);
  const callRows = calls()
    .filter(({ usable }) => usable === true)
    .map(({ name, class: kind, signature }) => [name, kind, signature]);
  terminal.out(table([{ title: 'hook' }, { title: 'parameters' }], hookRows, paint));
  terminal.out(`\n${table([{ title: 'call' }, { title: '' }, { title: 'prototype' }], callRows, paint)}`);
}

const titleOf = ({ family, system, name }: HookInfo): string =>
  family === 'tracepoint' ? `${system}:${name}` : `${family} ${name}`;
