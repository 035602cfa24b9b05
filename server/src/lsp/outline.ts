import type { Decl, Node, ParamDecl, ScenarioDecl } from '../../../grammar/ast.ts';
import { hasErrors, snapshot, type Snapshot } from '../pipeline.ts';
import { decode } from '../workspace/decode.ts';
import type { Configuration } from './configuration.ts';
import type { Documents } from './documents.ts';
import type { Host } from './host.ts';
import type { OutlineParam, OutlineParams, OutlineScenario, PolicyOutline } from './protocol.ts';
import { hookTitle } from './symbols.ts';

/** Answers `pvpolicy/outline`; a policy that is not open is read from its file. */
export const outline =
  (documents: Documents, configuration: Configuration, host: Host) =>
  async ({ uri }: OutlineParams): Promise<PolicyOutline | null> => {
    const open = await documents.newest(uri, 'diagnostics');
    if (open) return outlineOf(open);
    const path = host.pathOf(uri);
    const bytes = path === undefined ? undefined : host.read(path);
    return bytes ? outlineOf(snapshot(decode(bytes).text, configuration.settingsOf(uri))) : null;
  };

/** The declarations of a policy as plain data; those that are broken are left out. */
export function outlineOf(of: Snapshot): PolicyOutline {
  const { header, decls } = of.file;
  const all = decls.flatMap((decl) => (decl.kind === 'guest' ? [decl, ...decl.decls] : [decl]));
  const line = (node: Pick<Node, 'span'>): number => lineOf(of, node);
  const every = <K extends Decl['kind']>(kind: K) =>
    all.filter((decl): decl is Extract<Decl, { readonly kind: K }> => decl.kind === kind);
  return {
    policy: header?.name.text ?? '',
    line: header ? line(header.name) : null,
    target: header?.target.text ?? '',
    kernel: of.kernels.label,
    hasErrors: hasErrors(of.diagnostics),
    params: every('param').map((decl) => paramOf(of, decl)),
    hooks: all.flatMap((decl) => {
      if (decl.kind === 'hook') return { title: hookTitle(decl.hook), line: line(decl.hook) };
      return decl.kind === 'every'
        ? { title: `every ${textOf(of, decl.period)}`, line: line(decl.period) }
        : [];
    }),
    state: every('state').map(({ scope, fields, span }) => ({
      title: scope ? `state ${scope.text}` : 'state',
      line: line(scope ?? { span }),
      fields: fields.map(({ name, type }) => ({ name: name.text, type: textOf(of, type), line: line(name) })),
    })),
    measures: [...every('counter'), ...every('histogram')].map(({ kind, name, per }) => ({
      kind,
      name: name.text,
      per: per?.text ?? '',
      line: line(name),
    })),
    invariants: every('invariant').map(({ name }) => ({ name: name.text, line: line(name) })),
    scenarios: every('scenario').map((decl) => scenarioOf(of, decl)),
  };
}

function paramOf(of: Snapshot, { name, tunable, type, value, range, doc }: ParamDecl): OutlineParam {
  return {
    name: name.text,
    tunable,
    type: textOf(of, type),
    value: textOf(of, value),
    range: range ? `${textOf(of, range.lo)}..${textOf(of, range.hi)}` : null,
    doc: doc ?? null,
    line: lineOf(of, name),
  };
}

function scenarioOf(of: Snapshot, { name, items, span }: ScenarioDecl): OutlineScenario {
  const trace = items.find((item) => item.kind === 'trace');
  return {
    name: name.text,
    line: lineOf(of, name),
    end: of.lines.lineAt(Math.max(span.start, span.end - 1)) + 1,
    trace: trace?.path.value ?? null,
    expectations: items
      .filter((item) => item.kind === 'expect')
      .map(({ condition }) => ({ text: textOf(of, condition), line: lineOf(of, condition) })),
  };
}

const lineOf = ({ lines }: Snapshot, { span }: Pick<Node, 'span'>): number => lines.lineAt(span.start) + 1;

const textOf = ({ text }: Snapshot, { span }: Node): string => text.slice(span.start, span.end).trim();
