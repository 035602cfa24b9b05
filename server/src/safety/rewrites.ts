import type { Block, Stmt } from '../../../grammar/ast.ts';
import type { Fix, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Model } from '../semantics/model.ts';

/* Fixes that add, wrap or leave out statements; what they write is on one line, which the formatter breaks up. */

const insertion = (at: number, newText: string): TextEdit => ({ span: { start: at, end: at }, newText });

/** Leaves a statement out. */
export const leaveOut = (stmt: Stmt, what: string): readonly Fix[] => [
  { title: `Leave ${what} out`, edits: [{ span: stmt.span, newText: '' }] },
];

/** Does a statement under a condition only, after `first`. */
export const onlyIf = (stmt: Stmt, condition: string, first = ''): readonly TextEdit[] => [
  insertion(stmt.span.start, `if ${condition} { ${first === '' ? '' : `${first}; `}`),
  insertion(stmt.span.end, ' }'),
];

/** Adds a statement in front of another. */
export const before = (stmt: { readonly span: Stmt['span'] }, text: string): TextEdit =>
  insertion(stmt.span.start, `${text}; `);

/** Adds a statement at the begin of a body. */
export const atBegin = (body: Block, text: string): TextEdit =>
  insertion(body.span.start + 1, `\n    ${text}\n`);

/** Adds a statement at the end of a body. */
export const atEnd = (body: Block, text: string): TextEdit => insertion(body.span.end - 1, `\n    ${text}\n`);

/** Adds what is done where none of the conditions holds; `then` is the last branch. */
export const orElse = (then: Block, text: string): TextEdit => insertion(then.span.end, ` else { ${text} }`);

/** Adds statements at the end of an op or of `on init`, which is added where the policy has none. */
export function inOp(
  { file, handlers }: Pick<Model, 'file' | 'handlers'>,
  op: string,
  text: string,
): readonly TextEdit[] {
  const own = handlers.find(
    ({ hook }) => (hook?.family === 'op' && hook.name === op) || (hook?.family === 'init' && op === 'init'),
  );
  if (own !== undefined) return [atEnd(own.decl.body, text)];
  const end = file.decls.at(-1)?.span.end;
  return end === undefined
    ? []
    : [
        insertion(
          end,
          `\n\non ${op === 'init' ? '' : 'op '}${op}${op === 'init' ? '' : '()'} {\n    ${text}\n}`,
        ),
      ];
}

/** Adds a field to the state of a scope; undefined where a field of that name is there already. */
export function stateField(
  { file }: Pick<Model, 'file'>,
  scope: string,
  name: string,
  type: string,
): TextEdit | undefined {
  const states = file.decls.flatMap((decl) =>
    decl.kind === 'state' && decl.scope?.text === scope ? [decl] : [],
  );
  if (states.some(({ fields }) => fields.some((field) => field.name.text === name))) return undefined;
  const last = states.at(-1)?.fields.at(-1);
  if (last !== undefined) return insertion(last.span.end, `, ${name}: ${type}`);
  const { header } = file;
  const end = header?.span.end;
  return end === undefined ? undefined : insertion(end, `\n\nstate ${scope} { ${name}: ${type} }`);
}

/** Kicks the idle CPU that `text` gives, in the place of the statement, or the one that `name` may be, after it. */
export function kickIdle(stmt: Stmt, text: string | undefined, name: string): Fix {
  const kick = (value: string, cpu: string): string => `if let ${cpu} = ${value} { kick(${cpu}) }`;
  const edit =
    text === undefined
      ? insertion(stmt.span.end, `; ${kick(name, `${name}_found`)}`)
      : { span: stmt.span, newText: kick(text, name) };
  return { title: 'Kick the CPU', edits: [edit] };
}
