import type { CancellationToken } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Snapshot, Stage } from '../pipeline.ts';
import type { Documents } from './documents.ts';
import { modified, type Answer, type Guard } from './guard.ts';
import { inTurns } from './turns.ts';

interface OfDocument {
  readonly textDocument: { readonly uri: string };
}

type Handler<P, R> = (params: P, token: CancellationToken) => Promise<Answer<R>>;

/** Makes request handlers out of functions of a snapshot. */
export interface Answering {
  /** `otherwise` is the answer where the document is not open, or a bug is in the way. */
  readonly on: <P extends OfDocument, R>(
    name: string,
    answer: (snapshot: Snapshot, params: P) => Answer<R>,
    otherwise: R,
    /** What of the text has to be known; 'model' where nothing is said. */
    needs?: Stage,
  ) => Handler<P, R>;
  /** The same of an answer that is worked out part by part. */
  readonly onParts: <P extends OfDocument, R>(
    name: string,
    answer: (snapshot: Snapshot, params: P) => InParts<Answer<R>>,
    otherwise: R,
    needs?: Stage,
  ) => Handler<P, R>;
}

export function answering(documents: Documents, guard: Guard): Answering {
  return {
    on: (name, answer, otherwise, needs = 'model') =>
      guard(
        name,
        async (params, token) => {
          const snapshot = await documents.at(params.textDocument.uri, needs);
          if (snapshot === 'modified') return modified();
          return snapshot && !token.isCancellationRequested ? answer(snapshot, params) : otherwise;
        },
        otherwise,
      ),
    onParts: (name, answer, otherwise, needs = 'model') =>
      guard(
        name,
        async (params, token) => {
          const { uri } = params.textDocument;
          const snapshot = await documents.at(uri, needs);
          if (snapshot === 'modified') return modified();
          if (!snapshot) return otherwise;
          // A newer text takes over what is known of this one.
          const isCurrent = (): boolean => documents.get(uri) === snapshot;
          const wanted = (): boolean => isCurrent() && !token.isCancellationRequested;
          const found = await inTurns(answer(snapshot, params), wanted);
          return found ?? (isCurrent() ? otherwise : modified());
        },
        otherwise,
      ),
  };
}
