import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { closest } from '../diagnostics/suggest.ts';
import { named, templateOf, type Template } from '../templates.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { TEMPLATES } from './package-root.ts';
import { reason, Refusal } from './refusal.ts';

export const newPolicy: Command = {
  operands: '[TEMPLATE [FILE]]',
  options: { force: { type: 'boolean', help: 'write over a file that is there already' } },
  notes: `Without a template, lists them. FILE is TEMPLATE.pvpolicy unless it is named; the policy is called like its file. A template
is a whole policy that checks clean, from the gallery: change what you want different.`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [name, path, more] = operands;
    if (more !== undefined) throw new Refusal(`one file at a time; '${more}' is one too many`);
    const templates = readTemplates();
    if (name === undefined) {
      terminal.out(given.flag('json') ? listJson(templates) : list(templates));
      return EXIT.ok;
    }
    const template = find(templates, name);
    const file = path ?? `${template.name}.pvpolicy`;
    write(file, named(template, policyName(file)), given.flag('force'));
    terminal.out(
      given.flag('json')
        ? `${JSON.stringify({ version: 1, file })}\n`
        : `${file}: a policy for ${template.target}. Next: pvpolicy check ${file}\n`,
    );
    return EXIT.ok;
  },
};

function readTemplates(): readonly Template[] {
  try {
    return readdirSync(TEMPLATES)
      .filter((file) => file.endsWith('.pvpolicy'))
      .toSorted()
      .map((file) => templateOf(file, readFileSync(join(TEMPLATES, file), 'utf8')));
  } catch (error) {
    throw new Refusal(`the templates are missing from this installation: ${reason(error)}`, TEMPLATES);
  }
}

function find(templates: readonly Template[], name: string): Template {
  const found = templates.find((template) => template.name === name);
  if (found) return found;
  const near = closest(
    name,
    templates.map((template) => template.name),
  );
  throw new Refusal(
    `no template is called '${name}'${near === undefined ? ' (pvpolicy new lists them)' : `; did you mean ${near}?`}`,
  );
}

/** The policy's name after its file's, with what a name cannot have left out. */
function policyName(file: string): string {
  const name = basename(file, '.pvpolicy').replaceAll(/\W/g, '_');
  return /^[a-z]/i.test(name) ? name : `policy_${name}`;
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const there = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new Refusal(there ? 'is there already; --force writes over it' : reason(error), file);
  }
}

function list(templates: readonly Template[]): string {
  const wide = Math.max(...templates.map(({ name }) => name.length));
  const target = Math.max(...templates.map((template) => template.target.length));
  return templates.map((t) => `${t.name.padEnd(wide)}  ${t.target.padEnd(target)}  ${t.summary}\n`).join('');
}

const listJson = (templates: readonly Template[]): string =>
  `${JSON.stringify({ version: 1, templates: templates.map(({ name, target, summary }) => ({ name, target, summary })) })}\n`;
