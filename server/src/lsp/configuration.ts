import type { Connection, Diagnostic as LspDiagnostic } from 'vscode-languageserver';
import { LineIndex } from '../../../grammar/text.ts';
import { openKernel, type OpenedKernel } from '../kernel/open-kernel.ts';
import { PROFILES, type Profile } from '../kernel/profiles.ts';
import { readConfig, type Config } from '../workspace/config.ts';
import { besideConfig, configPaths, DEFAULTS, type Settings } from '../workspace/settings.ts';
import { decode } from '../workspace/decode.ts';
import type { Host } from './host.ts';
import type { ClientSettings } from './protocol.ts';
import { toLsp } from './publish.ts';

/** The settings of each policy: from the nearest pvpolicy.json, and the client's on top. */
export class Configuration {
  private readonly connection: Connection;
  private readonly host: Host;
  private readonly push: () => boolean;
  private readonly configs = new Map<string, Config | undefined>();
  private readonly kernels = new Map<string, OpenedKernel>();
  /** Texts of the pvpolicy.json that are open in the editor, by path: they hold already. */
  private readonly texts = new Map<string, string>();
  private readonly found = new Map<string, readonly LspDiagnostic[]>();
  private client: ClientSettings = {};
  /** Before that the client takes no diagnostics. */
  private published = false;

  /** `push`: false where the client asks for diagnostics itself. */
  constructor(connection: Connection, host: Host, push: () => boolean) {
    this.connection = connection;
    this.host = host;
    this.push = push;
  }

  /** Takes the client's section `pvpolicy`, in whatever state it is; tells whether that changes anything. */
  setClient(section: unknown): boolean {
    const before = this.client.kernelProfile;
    const profile =
      typeof section === 'object' && section !== null && 'kernelProfile' in section
        ? section.kernelProfile
        : undefined;
    this.client = typeof profile === 'string' ? { kernelProfile: profile } : {};
    return (this.client.kernelProfile ?? '') !== (before ?? '');
  }

  /** Forgets what was read from disk, and shows anew what is wrong with the files that were read. */
  invalidate(): void {
    this.configs.clear();
    this.kernels.clear();
    for (const path of [...this.found.keys()]) this.read(path);
  }

  /** Takes the text of a pvpolicy.json that is open; undefined: it was closed, and the file counts again. */
  edit(uri: string, text: string | undefined): void {
    const path = this.host.pathOf(uri);
    if (path === undefined) return;
    if (text === undefined) this.texts.delete(path);
    else this.texts.set(path, text);
    this.invalidate();
    this.read(path);
  }

  /** The text of a pvpolicy.json that is open. */
  opened(uri: string): string | undefined {
    const path = this.host.pathOf(uri);
    return path === undefined ? undefined : this.texts.get(path);
  }

  /** What is wrong with a pvpolicy.json that is open; undefined for other documents. */
  diagnosticsOf(uri: string): LspDiagnostic[] | undefined {
    const path = this.host.pathOf(uri);
    return path === undefined || !this.texts.has(path) ? undefined : [...(this.found.get(path) ?? [])];
  }

  /** Shows what is wrong with each pvpolicy.json that was read, and from now on with each that is. */
  publish(): void {
    this.published = true;
    for (const path of this.found.keys()) this.tell(path);
  }

  private tell(path: string): void {
    if (!this.published) return;
    // Who pulls asks about what is open; of the rest nobody else would tell.
    const pulled = !this.push() && this.texts.has(path);
    const diagnostics = pulled ? [] : [...(this.found.get(path) ?? [])];
    void this.connection.sendDiagnostics({ uri: this.host.uriOf(path), diagnostics });
  }

  settingsOf(uri: string): Settings {
    const settings = this.nearest(uri)?.settings ?? DEFAULTS;
    const profile = this.client.kernelProfile;
    return profile ? { ...settings, profile: this.kernel(profile) } : settings;
  }

  /** A built-in profile by name; else a file, read once. */
  private kernel(profile: string): string | Profile {
    const known = this.kernels.get(profile) ?? this.open(profile);
    this.kernels.set(profile, known);
    return known.ok ? known.profile : profile;
  }

  private open(path: string): OpenedKernel {
    const bytes = PROFILES.some(({ id }) => id === path) ? undefined : this.host.read(path);
    return bytes === undefined ? { ok: false, message: 'no such file' } : openKernel(bytes, path);
  }

  private nearest(uri: string): Config | undefined {
    const path = this.host.pathOf(uri);
    if (path === undefined) return undefined;
    for (const candidate of configPaths(path)) {
      const config = this.read(candidate);
      if (config) return config;
    }
    return undefined;
  }

  /** Reads a pvpolicy.json once, and shows what is wrong with it. */
  private read(path: string): Config | undefined {
    if (this.configs.has(path)) return this.configs.get(path);
    const text = this.texts.get(path) ?? this.textOnDisk(path);
    const config =
      text === undefined ? undefined : readConfig(text, (file) => this.open(besideConfig(path, file)));
    this.configs.set(path, config);
    if (config && text !== undefined) {
      const uri = this.host.uriOf(path);
      this.found.set(path, toLsp(config.diagnostics, new LineIndex(text), uri, this.host.docs));
      this.tell(path);
    } else if (this.found.delete(path)) this.tell(path);
    return config;
  }

  private textOnDisk(path: string): string | undefined {
    const bytes = this.host.read(path);
    return bytes && decode(bytes).text;
  }
}
