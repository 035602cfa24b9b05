import { closest } from '../diagnostics/suggest.ts';
import { PROFILES, select, type Profile } from '../kernel/profiles.ts';
import { kernelView } from '../kernel/view.ts';
import { callCard, hookCard } from '../safety/cards.ts';
import { matrixOf } from '../safety/matrix.ts';
import type { HookFamily, HookInfo, KernelView } from '../semantics/kernel-view.ts';
import { show } from '../semantics/types.ts';
import { refuseOthers, type Actions } from './actions.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { importProfile } from './kernel-import.ts';
import { probeKernel } from './kernel-probe.ts';
import { matrixJson, matrixText, showChanges } from './kernel-matrix.ts';
import { Refusal } from './refusal.ts';
import { known } from './settings.ts';
import { table, type Terminal } from './terminal.ts';

const FAMILIES: readonly HookFamily[] = ['tracepoint', 'op', 'pvsched'];

const ACTIONS: Actions = {
  list: [],
  show: ['hook', 'kfunc', 'matrix', 'against'],
  diff: [],
  import: ['module', 'name', 'as', 'output'],
  probe: ['seconds'],
};

export const kernel: Command = {
  operands: 'list | show [PROFILE] | diff PROFILE PROFILE | import [FILE] | probe',
  options: {
    hook: {
      type: 'string',
      value: 'HOOK',
      help: "show: the context of one hook ('sched_switch', 'op enqueue')",
    },
    kfunc: { type: 'string', value: 'NAME', help: 'show: the contract of one kfunc or helper' },
    matrix: { type: 'boolean', help: 'show: which hook may make which call, and why not' },
    against: { type: 'string', value: 'PROFILE', help: 'show --matrix: what changed since that kernel' },
    module: { type: 'string', value: 'FILE', multiple: true, help: 'import: a module with BTF of its own' },
    name: { type: 'string', value: 'NAME', help: 'import: how messages name the kernel' },
    as: {
      type: 'string',
      value: 'VERSION',
      help: 'import: the version whose lock facts hold, else inferred',
    },
    seconds: { type: 'string', value: 'N', help: 'probe: how long, 1 to 60; else 3' },
    output: {
      type: 'string',
      short: 'o',
      value: 'PROFILE',
      help: 'import: the profile to write, else stdout',
    },
  },
  notes:
    "A PROFILE is a name that 'list' shows, or a file: a profile of 'import', BTF, or ELF with BTF. 'show' takes that\n" +
    "of --kernel where none is named, else the newest. 'import' without FILE reads the running kernel. 'probe' measures\n" +
    'what the catalogue says of locks and contexts on the running kernel, under load, as root; it changes nothing.',
  async run(invocation: Invocation): Promise<Exit> {
    const { operands, given, terminal } = invocation;
    const [action, name, second] = operands;
    const more = operands[action === 'diff' ? 3 : 2];
    if (more !== undefined) throw new Refusal(`'${more}' is one operand too many`);
    const json = given.flag('json');
    refuseOthers('kernel', action ?? '', given, { actions: ACTIONS, options: kernel.options });
    switch (action) {
      case 'list':
        list(terminal, json);
        return EXIT.ok;
      case 'show':
        showOne(name, invocation);
        return EXIT.ok;
      case 'diff':
        if (name === undefined || second === undefined) throw new Refusal('kernel diff takes two profiles');
        showChanges(matrixOf(profileOf(name)), matrixOf(profileOf(second)), terminal, json);
        return EXIT.ok;
      case 'import':
        return importProfile(name, invocation);
      case 'probe':
        if (name !== undefined) throw new Refusal(`'${name}' is one operand too many`);
        return probeKernel(invocation);
      default:
        throw new Refusal(
          action === undefined ? 'kernel list, show, diff, import or probe?' : `no 'kernel ${action}'`,
        );
    }
  },
};

function showOne(name: string | undefined, { given, terminal }: Invocation): void {
  const profile = profileOf(name ?? given.text('kernel'));
  const json = given.flag('json');
  const [hook, kfunc, against] = [given.text('hook'), given.text('kfunc'), given.text('against')];
  if (hook !== undefined) showCard(hookCardOf(hook, profile), hook, profile, terminal, json);
  if (kfunc !== undefined) showCard(kfuncCardOf(kfunc, profile), kfunc, profile, terminal, json);
  if (hook !== undefined || kfunc !== undefined) return;
  if (against !== undefined) showChanges(matrixOf(profileOf(against)), matrixOf(profile), terminal, json);
  else if (!given.flag('matrix')) showProfile(profile, terminal, json);
  else if (json) terminal.out(`${JSON.stringify(matrixJson(matrixOf(profile)))}\n`);
  else terminal.out(matrixText(matrixOf(profile, true), terminal.paint));
}

function showCard(card: string, name: string, profile: Profile, terminal: Terminal, json: boolean): void {
  terminal.out(json ? `${JSON.stringify({ version: 1, profile: profile.id, name, card })}\n` : `${card}\n`);
}

/** 'sched_switch', 'sched:sched_switch', 'op enqueue', 'on tracepoint sched:sched_switch'. */
function hookCardOf(text: string, profile: Profile): string {
  const [, word, name] = /^(?:on\s+)?(?:(tracepoint|op|pvsched)\s+)?(?:\w+:)?(\w+)$/.exec(text.trim()) ?? [];
  const kernel = view(profile);
  const family = FAMILIES.filter((one) => word === undefined || one === word);
  const hook = family.flatMap((one) => kernel.hook(one, name ?? '') ?? [])[0];
  if (hook === undefined) {
    const near = closest(
      name ?? text,
      family.flatMap((one) => kernel.hooks(one).map((each) => each.name)),
    );
    throw new Refusal(
      `no hook '${text}' in ${profile.id}${near === undefined ? '' : `; did you mean '${near}'?`}`,
    );
  }
  const target = hook.family === 'op' ? 'sched_ext' : hook.family === 'pvsched' ? 'pvsched' : 'tracing';
  return hookCard(hook, target, select([profile]));
}

function kfuncCardOf(name: string, profile: Profile): string {
  const card = callCard(name, select([profile]));
  if (card !== '') return card;
  const kernel = view(profile);
  const near = closest(
    name,
    kernel.calls().map((each) => each.name),
  );
  throw new Refusal(
    `no call '${name}' in ${profile.id}${near === undefined ? '' : `; did you mean '${near}'?`}`,
  );
}

/** The newest where none is named. */
function profileOf(name: string | undefined): Profile {
  const found = name === undefined ? PROFILES.findLast((profile) => profile.mainline)?.id : known(name);
  const profile = typeof found === 'string' ? PROFILES.find(({ id }) => id === found) : found;
  if (profile === undefined) throw new Error('there is always a newest profile');
  return profile;
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
