import { workspace, type ConfigurationScope } from 'vscode';

/** A setting of the section `pvpolicy`, as it holds for `scope`; the manifest has the defaults. */
export const setting = <T>(key: string, scope?: ConfigurationScope): T =>
  workspace.getConfiguration('pvpolicy', scope).get<T>(key) as T;

/** The last part of a path or URI. */
export const nameOf = (path: string): string => path.split(/[\\/]/u).at(-1) ?? path;
