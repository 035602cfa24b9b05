import type { CodeLens, Command } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { toRange } from './convert.ts';
import { CLIENT_COMMANDS } from './protocol.ts';

/** What can be done with the policy, above its header, and with each scenario, above it. */
export function codeLenses(snapshot: Snapshot, uri: string): readonly CodeLens[] {
  const { header, decls } = snapshot.file;
  const lens = (span: Span, command: Command): CodeLens => ({ range: toRange(snapshot, span), command });
  const simulate = (title: string, scenario?: string): Command => ({
    title,
    command: CLIENT_COMMANDS.simulate,
    arguments: scenario === undefined ? [uri] : [uri, scenario],
  });
  const top = header
    ? [
        lens(header.name.span, {
          title: iconed('file-code', 'Compile'),
          command: CLIENT_COMMANDS.compile,
          arguments: [uri],
        }),
        lens(header.name.span, simulate(iconed('play', 'Simulate'))),
      ]
    : [];
  const scenarios = decls.flatMap((decl) =>
    decl.kind === 'scenario' && decl.name.text !== ''
      ? [lens(decl.name.span, simulate(iconed('play', 'Simulate this scenario'), decl.name.text))]
      : [],
  );
  return [...top, ...scenarios];
}

/** The editor would take a plain blank after an icon away. */
const iconed = (icon: string, text: string): string => `$(${icon})\u00a0${text}`;
