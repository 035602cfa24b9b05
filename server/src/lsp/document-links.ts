import type { DocumentLink } from 'vscode-languageserver';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toRange } from './convert.ts';
import type { Host } from './host.ts';

/** Pages of the kernel's documentation about what a policy of the target becomes. */
const KERNEL_PAGES: Readonly<Record<string, string>> = {
  sched_ext: 'https://docs.kernel.org/scheduler/sched-ext.html',
  tracing: 'https://docs.kernel.org/trace/tracepoints.html',
};

/** The files that scenarios name, and the pages about the target and the hooks. */
export function documentLinks(snapshot: Snapshot, uri: string, host: Host): readonly DocumentLink[] {
  const { header, decls } = snapshot.file;
  const link = (span: Span, target: string | undefined, tooltip: string): readonly DocumentLink[] =>
    target === undefined ? [] : [{ range: toRange(snapshot, span), target, tooltip }];
  const file = (path: { readonly span: Span; readonly value: string }): readonly DocumentLink[] =>
    // The quotes are not part of the path.
    link(
      { start: path.span.start + 1, end: Math.max(path.span.start + 1, path.span.end - 1) },
      path.value === '' ? undefined : host.beside(uri, path.value),
      'Open the file',
    );
  return [
    ...(header
      ? link(header.target.span, KERNEL_PAGES[header.target.text], "The kernel's documentation")
      : []),
    ...decls.flatMap((decl) => {
      if (decl.kind === 'hook')
        return link(
          (decl.hook.name ?? decl.hook).span,
          host.kernelPage('hooks'),
          'All hooks and what they allow',
        );
      if (decl.kind !== 'scenario') return [];
      return decl.items.flatMap((item) => {
        if (item.kind === 'trace') return file(item.path);
        if (item.kind !== 'compare') return [];
        return item.baselines.flatMap((one) => (one.kind === 'string' ? file(one) : []));
      });
    }),
  ];
}
