import { snapshot, type Snapshot } from '../pipeline.ts';
import { decode } from '../workspace/decode.ts';
import { CONFIG_NAME } from '../workspace/settings.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Configuration } from './configuration.ts';
import type { Documents } from './documents.ts';
import type { Host } from './host.ts';

/** The policies of the client's folders, open or not: for what is asked of all of them. */
export class WorkspaceFiles {
  /** URIs; the client's folders. */
  folders: readonly string[] = [];
  private readonly host: Host;
  private readonly documents: Documents;
  private readonly configuration: Configuration;
  private found: readonly string[] | undefined;
  private changes = 0;
  private readonly read = new Map<string, Snapshot>();

  constructor(host: Host, documents: Documents, configuration: Configuration) {
    this.host = host;
    this.documents = documents;
    this.configuration = configuration;
  }

  /** Looks again: files have come, gone or changed. */
  invalidate(): void {
    this.found = undefined;
    this.changes++;
    this.read.clear();
  }

  /**
   * Every policy; one that is open as it is in the editor. Lazy, so that who asks can pause between two, and while the
   * folders are searched, in which time there is nothing to give.
   */
  *policies(): Generator<{ readonly uri: string; readonly snapshot: Snapshot } | undefined> {
    const open = new Set(this.documents.uris());
    for (const uri of open) {
      const current = this.documents.get(uri);
      if (current) yield { uri, snapshot: current };
    }
    for (const path of yield* this.paths()) {
      const uri = this.host.uriOf(path);
      if (path.endsWith(CONFIG_NAME) || open.has(uri)) continue;
      const known = this.read.get(uri) ?? this.open(path, uri);
      if (known) yield { uri, snapshot: known };
    }
  }

  /** The text of every pvpolicy.json, in the same way. */
  *configs(): Generator<{ readonly uri: string; readonly text: string } | undefined> {
    for (const path of yield* this.paths()) {
      if (!path.endsWith(CONFIG_NAME)) continue;
      const uri = this.host.uriOf(path);
      const bytes = this.host.read(path);
      const text = this.configuration.opened(uri) ?? (bytes && decode(bytes).text);
      if (text !== undefined) yield { uri, text };
    }
  }

  /** Paths of the policies and the pvpolicy.json. */
  private *paths(): InParts<readonly string[]> {
    if (this.found !== undefined) return this.found;
    const { changes } = this;
    const found: string[] = [];
    for (const folder of this.folders) {
      const path = this.host.pathOf(folder);
      if (path !== undefined) found.push(...(yield* this.host.find(path)));
    }
    if (changes === this.changes) this.found = found;
    return found;
  }

  private open(path: string, uri: string): Snapshot | undefined {
    const bytes = this.host.read(path);
    if (bytes === undefined) return undefined;
    const made = snapshot(decode(bytes).text, this.configuration.settingsOf(uri));
    this.read.set(uri, made);
    return made;
  }
}
