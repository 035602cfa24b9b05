import {
  ProcessExecution,
  RelativePattern,
  Task,
  TaskGroup,
  tasks,
  workspace,
  type Disposable,
  type TaskDefinition,
  type WorkspaceFolder,
} from 'vscode';
import type { Cli } from '../cli.ts';
import { setting } from '../settings.ts';

/** What the manifest declares for tasks of the type `pvpolicy`. */
interface Definition extends TaskDefinition {
  readonly command: 'check' | 'compile' | 'test';
  /** Relative to the folder; absent: every policy of it. */
  readonly files?: readonly string[];
  readonly args?: readonly string[];
}

/** Ends only when it is ended, and checks again whenever a policy is saved. */
const WATCH = '--watch';

const KINDS = [
  { command: 'check', name: 'check all policies', group: TaskGroup.Build },
  { command: 'check', args: [WATCH], name: 'watch all policies', group: TaskGroup.Build },
  { command: 'test', name: 'test all scenarios', group: TaskGroup.Test },
] as const;

const COMMANDS: ReadonlySet<string> = new Set(['check', 'compile', 'test']);

const TYPE = 'pvpolicy';

/** Tasks that run the command line; their output has the problem matcher `$pvpolicy`, or `$pvpolicy-watch`. */
export const registerTasks = (cli: Cli): Disposable =>
  tasks.registerTaskProvider(TYPE, {
    async provideTasks() {
      const all = (workspace.workspaceFolders ?? []).map(async (folder) => {
        const files = await policiesOf(folder);
        if (files.length === 0) return [];
        const ofAll = KINDS.map(({ name, group, ...definition }) => {
          const task = taskOf(cli, { type: TYPE, ...definition }, folder, name, files);
          task.group = group;
          return task;
        });
        // One policy makes one program.
        const ofEach = files.map((file) => {
          const definition: Definition = { type: TYPE, command: 'compile', files: [file] };
          const task = taskOf(cli, definition, folder, `compile ${file}`, [file]);
          task.group = TaskGroup.Build;
          return task;
        });
        return [...ofAll, ...ofEach];
      });
      return (await Promise.all(all)).flat();
    },
    async resolveTask(task) {
      const definition = task.definition as Definition;
      const folder = typeof task.scope === 'object' ? task.scope : workspace.workspaceFolders?.[0];
      if (!folder || !COMMANDS.has(definition.command)) return undefined;
      return taskOf(cli, definition, folder, task.name, definition.files ?? (await policiesOf(folder)));
    },
  });

function taskOf(
  { program, script, env }: Cli,
  definition: Definition,
  folder: WorkspaceFolder,
  name: string,
  files: readonly string[],
): Task {
  // Beside the policy, of which there is one; its path begins at the folder.
  const beside = files[0]?.split('/').slice(0, -1) ?? [];
  const output =
    definition.command === 'compile'
      ? ['-o', [...beside, setting<string>('compile.outputFolder', folder)].join('/')]
      : [];
  const args = [script, definition.command, ...files, ...output, ...(definition.args ?? [])];
  const execution = new ProcessExecution(program, args, { cwd: folder.uri.fsPath, env: { ...env } });
  const watches = definition.args?.includes(WATCH) === true;
  const matcher = watches ? '$pvpolicy-watch' : '$pvpolicy';
  const task = new Task(definition, folder, name, 'pvpolicy', execution, [matcher]);
  task.isBackground = watches;
  return task;
}

async function policiesOf(folder: WorkspaceFolder): Promise<readonly string[]> {
  const uris = await workspace.findFiles(
    new RelativePattern(folder, '**/*.pvpolicy'),
    '**/{node_modules,out}/**',
    500,
  );
  return uris.map((uri) => workspace.asRelativePath(uri, false)).toSorted();
}
