import type { SemanticTokens, SemanticTokensDelta } from 'vscode-languageserver';

/** The tokens that each client document was last told, so that only what has changed need be sent. */
export class TokenHistory {
  private readonly last = new Map<string, { readonly id: string; readonly data: readonly number[] }>();
  private count = 0;

  /** All tokens, under a new id. */
  full(uri: string, { data }: SemanticTokens): SemanticTokens {
    const resultId = String(++this.count);
    this.last.set(uri, { id: resultId, data });
    return { resultId, data };
  }

  /** What has changed since `previous`, as one edit; all tokens where that is not what was told last. */
  delta(uri: string, previous: string, tokens: SemanticTokens): SemanticTokens | SemanticTokensDelta {
    const before = this.last.get(uri);
    const { resultId, data } = this.full(uri, tokens);
    if (before?.id !== previous || resultId === undefined) return { resultId: resultId ?? '', data };
    return { resultId, edits: difference(before.data, data) };
  }

  forget(uri: string): void {
    this.last.delete(uri);
  }
}

function difference(older: readonly number[], newer: readonly number[]): SemanticTokensDelta['edits'] {
  const shorter = Math.min(older.length, newer.length);
  let head = 0;
  while (head < shorter && older[head] === newer[head]) head++;
  let tail = 0;
  while (tail < shorter - head && older[older.length - 1 - tail] === newer[newer.length - 1 - tail]) tail++;
  if (head === older.length && head === newer.length) return [];
  return [
    { start: head, deleteCount: older.length - head - tail, data: newer.slice(head, newer.length - tail) },
  ];
}
