import type { TokenType } from 'chevrotain';
import type { Diagnostic } from '../server/src/diagnostics/diagnostic.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Token } from './parser-layout.ts';
import * as T from './tokens.ts';

type LexInside = (part: string, offset: number, diagnostics: Diagnostic[]) => Token[];

/**
 * Cuts the text of a `log` at its `{…}`: pieces of text (`LogText`, the last one `LogEnd`) with the tokens of the
 * expressions between them, all with their offsets in the file. The one parser then reads it in one go.
 */
export function splitLogText(
  text: Token,
  lexInside: LexInside,
  out: Token[],
  diagnostics: Diagnostic[],
): void {
  const { image, startOffset } = text;
  let from = 0;
  for (let i = 1; i < image.length; i++) {
    const c = image[i];
    if (c === '\\') i++;
    else if (c === '{') {
      const close = image.indexOf('}', i);
      if (close < 0) {
        // Without its end the text was reported already.
        if (text.tokenType === T.UnterminatedString) break;
        diagnostics.push(
          diagnostic(
            'PV1001',
            { start: startOffset + i, end: startOffset + i + 1 },
            { expected: "'}' after an expression (a plain brace is '\\{')", found: 'the end of the text' },
          ),
        );
        break;
      }
      out.push(piece(T.LogText, image.slice(from, i + 1), startOffset + from));
      out.push(...lexInside(image.slice(i + 1, close), startOffset + i + 1, diagnostics));
      from = close;
      i = close;
    }
  }
  out.push(piece(T.LogEnd, image.slice(from), startOffset + from));
}

function piece(type: TokenType, image: string, startOffset: number): Token {
  return {
    image,
    startOffset,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx as number,
  };
}

/** The text of a piece, without the quotes or braces around it. */
export const innerText = (image: string): string => {
  const end = /(?<!\\)(?:\\\\)*["{]$/.test(image) && image.length > 1 ? image.length - 1 : image.length;
  return image.slice(1, end);
};
