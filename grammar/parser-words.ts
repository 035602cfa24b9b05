/** What to say about a word of another language. */
export interface Foreign {
  /** The keyword to read instead, where the rest of the text then makes sense. */
  readonly instead: string | undefined;
  readonly hint: string;
}

const instead = (word: string): Foreign => ({ instead: word, hint: `; write '${word}'` });
const because = (hint: string): Foreign => ({ instead: undefined, hint: `: ${hint}` });

const LOOPS = because("every loop has a bound; write 'for i in 0..N { … }'");
const IMPORTS = because('a policy is one file and includes no other');

const WORDS: ReadonlyMap<string, Foreign> = new Map([
  ['while', LOOPS],
  ['loop', LOOPS],
  ['repeat', LOOPS],
  ['until', LOOPS],
  ['elif', because("write 'else if' on the line of the '}'")],
  ['elsif', because("write 'else if' on the line of the '}'")],
  ['switch', instead('match')],
  ['func', instead('fn')],
  ['fun', instead('fn')],
  ['function', instead('fn')],
  ['def', instead('fn')],
  ['print', instead('log')],
  ['printf', instead('log')],
  ['bpf_printk', instead('log')],
  ['mut', instead('var')],
  ['queue', instead('dsq')],
  ['struct', instead('state')],
  ['map', instead('table')],
  ['import', IMPORTS],
  ['use', IMPORTS],
  ['include', IMPORTS],
]);

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['++', "write '+= 1'"],
  ['===', "write '=='"],
  ['!==', "write '!='"],
  ['<>', "write '!='"],
  [':=', "write 'let NAME = VALUE', and '=' for a variable that exists"],
  ['::', "write '.'"],
  ['**', 'there are * / % + - << >> & ^ |'],
  ['??', "a value that may be absent is unwrapped by 'if let'"],
]);

/** What to say about an operator that other languages have. */
export const foreignOperator = (text: string): { readonly text: string; readonly hint: string } => ({
  text,
  hint: OPERATORS.get(text) ?? '',
});

/** What to say about a word that other languages have where this one has another. */
export const foreignWord = (word: string): Foreign | undefined => WORDS.get(word);
