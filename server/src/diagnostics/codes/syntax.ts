import { error, info } from '../entry.ts';

/** PV1xxx: the text is not a policy. */
export const SYNTAX = {
  PV1001: error<{ found: string; expected: string }>(
    'unexpected token',
    (a) => `expected ${a.expected}, found ${a.found}`,
  ),
  PV1002: error('unterminated string', () => `this text has no closing '"' on its line`),
  PV1003: error('unterminated comment', () => "this comment has no closing '*/'"),
  PV1004: error<{ found: string; hint: string }>(
    'bad character',
    (a) => `${a.found} has no meaning in a policy${a.hint}`,
  ),
  PV1005: error<{ text: string }>(
    'literal too large',
    (a) => `${a.text} does not fit in 64 bits (the largest number is 18446744073709551615)`,
  ),
  PV1006: error<{ text: string; hint: string }>(
    'malformed number',
    (a) => `'${a.text}' is not a number: ${a.hint}`,
  ),
  PV1007: error<{ text: string }>(
    'fraction of a nanosecond',
    (a) => `${a.text} is not a whole number of nanoseconds, the smallest unit of time`,
  ),
  PV1008: error<{ text: string }>(
    'unknown escape',
    (a) => `'${a.text}' is no escape; there are \\n \\t \\" \\\\ and \\{`,
  ),
  PV1009: error(
    'missing header',
    () => "a policy starts with 'policy NAME for TARGET', where TARGET is pvsched, tracing or sched_ext",
  ),
  PV1010: error<{ first: boolean }>('misplaced header', (a) =>
    a.first
      ? "the 'policy' line comes before all declarations"
      : "a file holds one policy: this is its second 'policy' line",
  ),
  PV1011: error<{ closer: string; what: string; line: number }>(
    'unclosed bracket',
    (a) => `expected '${a.closer}' to close ${a.what} opened at line ${a.line}`,
  ),
  PV1012: error<{ closer: string }>('unmatched bracket', (a) => `this '${a.closer}' closes nothing`),
  PV1013: error<{ what: string; limit: number }>(
    'nesting too deep',
    (a) => `${a.what} more than ${a.limit} deep; the rest of the file is not read`,
  ),
  PV1014: error<{ word: string; hint: string }>(
    'unknown declaration',
    (a) => `'${a.word}' starts no declaration${a.hint}`,
  ),
  PV1015: error<{ found: string; hint: string }>(
    'unknown hook family',
    (a) => `expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found ${a.found}${a.hint}`,
  ),
  PV1016: error<{ found: string; hint: string }>(
    'unknown scenario item',
    (a) =>
      `expected 'trace', 'vm', 'assume', 'compare', 'set' or 'expect' in a scenario, found ${a.found}${a.hint}`,
  ),
  PV1017: error(
    'chained comparison',
    () => "comparisons cannot be chained; join two with '&&', as in 'a < b && b < c'",
  ),
  PV1018: error<{ word: string }>(
    'reserved word as a name',
    (a) => `'${a.word}' is a word of the language and cannot be a name here`,
  ),
  PV1019: error<{ why: string }>('not a text file', (a) => `this file is not UTF-8 text: ${a.why}`),
  PV1020: info<{ shown: number }>(
    'too many mistakes',
    (a) => `only the first ${a.shown} mistakes of this file are shown`,
  ),
  PV1021: error<{ word: string }>(
    'declaration inside a block',
    (a) => `'${a.word}' declares something and stands at the top level of the file, not inside a block`,
  ),
  PV1022: error(
    'statement without effect',
    () => 'this computes a value and drops it; a statement is a call, an assignment or starts with a keyword',
  ),
  PV1023: error(
    'not assignable',
    () => 'only a variable, a field or an element of a collection can be assigned to',
  ),
  PV1024: error<{ found: string; hint: string }>(
    'unknown kind of shared page',
    (a) => `expected 'hint' or 'feedback' after 'shared', found ${a.found}${a.hint}`,
  ),
  PV1025: error(
    'misplaced range',
    () => "a range 'a..b' stands only after 'in', in a pattern of 'match' and in 'cpus(…)'",
  ),
  PV1026: error<{ word: string; hint: string }>(
    'unknown statement',
    (a) => `'${a.word}' starts no statement${a.hint}`,
  ),
  PV1027: error<{ limit: string }>(
    'file too large',
    (a) => `a policy is at most ${a.limit} long; the rest of this file is not read`,
  ),
  PV1028: error('assignment as a condition', () => "'=' assigns; to compare, write '=='"),
  PV1029: error<{ word: string }>(
    'statement outside a block',
    (a) => `'${a.word}' starts a statement, which stands inside the block of an 'on', 'every' or 'fn'`,
  ),
  PV1030: error('wrong quotes', () => 'a text stands in plain double quotes, as in "text"'),
  PV1031: error<{ text: string; hint: string }>(
    'operator of another language',
    (a) => `'${a.text}' is no operator here; ${a.hint}`,
  ),
};
