import { snapshot, type Snapshot } from '../pipeline.ts';
import { decode } from '../workspace/decode.ts';
import { CONFIG_NAME } from '../workspace/settings.ts';
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
  private readonly read = new Map<string, Snapshot>();

  constructor(host: Host, documents: Documents, configuration: Configuration) {
    this.host = host;
    this.documents = documents;
    this.configuration = configuration;
  }

  /** Looks again: files have come, gone or changed. */
  invalidate(): void {
    this.found = undefined;
    this.read.clear();
  }

  /** Every policy; one that is open as it is in the editor. Lazy, so that who asks can pause between two. */
  *policies(): Generator<{ readonly uri: string; readonly snapshot: Snapshot }> {
    const open = new Set(this.documents.uris());
    for (const uri of open) {
      const current = this.documents.get(uri);
      if (current) yield { uri, snapshot: current };
    }
    for (const path of this.paths()) {
      const uri = this.host.uriOf(path);
      if (path.endsWith(CONFIG_NAME) || open.has(uri)) continue;
      const known = this.read.get(uri) ?? this.open(path, uri);
      if (known) yield { uri, snapshot: known };
    }
  }

  /** Paths of the policies and the pvpolicy.json. */
  paths(): readonly string[] {
    return (this.found ??= this.folders.flatMap((folder) => {
      const path = this.host.pathOf(folder);
      return path === undefined ? [] : this.host.find(path);
    }));
  }

  private open(path: string, uri: string): Snapshot | undefined {
    const bytes = this.host.read(path);
    if (bytes === undefined) return undefined;
    const made = snapshot(decode(bytes).text, this.configuration.settingsOf(uri));
    this.read.set(uri, made);
    return made;
  }
}
