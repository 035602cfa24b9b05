import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';
import type { IGrammar } from 'vscode-textmate';

const file = new URL('../../syntaxes/pvpolicy.tmLanguage.json', import.meta.url);

/** The grammar in the engine that editors use. */
export async function loadGrammar(): Promise<IGrammar> {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm).buffer as ArrayBuffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () => Promise.resolve(textmate.parseRawGrammar(readFileSync(file, 'utf8'), 'grammar.json')),
  });
  const grammar = await registry.loadGrammar('source.pvpolicy');
  if (grammar === null) throw new Error('no grammar');
  return grammar;
}

export interface Colored {
  readonly text: string;
  /** Its scopes, outermost first, without the suffix of the language. */
  readonly scopes: readonly string[];
}

/** The pieces of each line of a text with their scopes. */
export function highlight(grammar: IGrammar, text: string): Colored[][] {
  let stack = textmate.INITIAL;
  return text.split('\n').map((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => ({
      text: line.slice(startIndex, endIndex),
      scopes: scopes
        .flatMap((scope) => scope.split(' '))
        .filter((scope) => scope !== 'source.pvpolicy')
        .map((scope) => scope.replace(/\.pvpolicy$/, '')),
    }));
  });
}
