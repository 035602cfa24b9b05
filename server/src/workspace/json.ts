import type { Span } from '../diagnostics/diagnostic.ts';

/** A JSON value that knows where it stands, so that what is wrong with it can be shown there. */
export type Json =
  | { readonly kind: 'object'; readonly members: readonly Member[]; readonly span: Span }
  | { readonly kind: 'array'; readonly items: readonly Json[]; readonly span: Span }
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'number' | 'null'; readonly span: Span };

export interface Member {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Json;
}

export type JsonResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly message: string; readonly span: Span };

const TOKEN = /[ \t\r\n]*(?:\/\/[^\n]*[ \t\r\n]*)*([{}[\],:]|"(?:[^"\\\n]|\\.)*"|[\w.+-]+|$|.)/suy;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/u;
/** Deeper than any configuration; bounds the recursion. */
const DEEPEST = 64;

class Mistake extends Error {
  readonly span: Span;
  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}

/** Reads JSON, with `//` comments. The first mistake ends it: a message and where it stands. */
export function readJson(text: string): JsonResult {
  try {
    const reader = new Reader(text);
    const value = reader.value(0);
    reader.expect('', 'the end of the file');
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { ok: false, message: error.message, span: error.span };
  }
}

class Reader {
  private readonly text: string;
  private at = 0;
  private token = '';
  private span: Span = { start: 0, end: 0 };

  constructor(text: string) {
    this.text = text;
    this.advance();
  }

  expect(token: string, called = `'${token}'`): Span {
    if (this.token !== token) this.fail(called);
    return this.advance();
  }

  value(depth: number): Json {
    if (depth > DEEPEST) this.fail('fewer brackets inside each other');
    if (this.token === '{') return this.object(depth);
    if (this.token === '[') return this.array(depth);
    if (this.token.startsWith('"') && this.token.length > 1) {
      const { value, span } = this.string('a value');
      return { kind: 'string', value, span };
    }
    if (!LITERAL.test(this.token)) this.fail('a value');
    if (/^[tf]/u.test(this.token)) {
      const value = this.token === 'true';
      return { kind: 'boolean', value, span: this.advance() };
    }
    return { kind: this.token === 'null' ? 'null' : 'number', span: this.advance() };
  }

  private object(depth: number): Json {
    const { start } = this.advance();
    const members: Member[] = [];
    while (this.token !== '}') {
      if (members.length > 0) this.expect(',', "',' or '}'");
      const { value: key, span: keySpan } = this.string('a name in quotes');
      this.expect(':');
      members.push({ key, keySpan, value: this.value(depth + 1) });
    }
    return { kind: 'object', members, span: { start, end: this.advance().end } };
  }

  private array(depth: number): Json {
    const { start } = this.advance();
    const items: Json[] = [];
    while (this.token !== ']') {
      if (items.length > 0) this.expect(',', "',' or ']'");
      items.push(this.value(depth + 1));
    }
    return { kind: 'array', items, span: { start, end: this.advance().end } };
  }

  private string(called: string): { value: string; span: Span } {
    if (!this.token.startsWith('"') || this.token.length < 2) this.fail(called);
    try {
      const value: unknown = JSON.parse(this.token);
      return { value: String(value), span: this.advance() };
    } catch {
      throw new Mistake('a string with a character that JSON does not allow in it', this.span);
    }
  }

  /** Steps to the next token; gives where the one before stood. */
  private advance(): Span {
    const past = this.span;
    TOKEN.lastIndex = this.at;
    this.token = TOKEN.exec(this.text)?.[1] ?? '';
    this.at = TOKEN.lastIndex;
    this.span = { start: this.at - this.token.length, end: this.at };
    return past;
  }

  private fail(expected: string): never {
    const found = this.token === '' ? 'the end of the file' : `'${this.token.slice(0, 40)}'`;
    throw new Mistake(`expected ${expected}, found ${found}`, this.span);
  }
}
