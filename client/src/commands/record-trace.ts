import {
  commands,
  env,
  ShellExecution,
  Task,
  TaskPanelKind,
  tasks,
  TaskScope,
  Uri,
  window,
  workspace,
  type Disposable,
  type WorkspaceFolder,
} from 'vscode';
import type { Cli } from '../cli.ts';
import { COMMANDS } from '../commands.ts';

const NEEDS =
  'It records the scheduler and KVM on the machine that this window works on, through tracefs, and so needs Linux and ' +
  'root. It turns off again what it turned on. Record while the virtual machines do what the policy is meant for.';

/** Record a Trace: shows the command and what it needs; runs it in a terminal where the user wants that. */
export const registerRecordTrace = (cli: Cli): Disposable =>
  commands.registerCommand(COMMANDS.recordTrace, async () => {
    const seconds = await window.showInputBox({
      title: 'Record a Trace: for how many seconds?',
      value: '10',
      validateInput: (text) =>
        /^[1-9]\d{0,3}$/u.test(text.trim()) ? undefined : 'A number of seconds, at most 9999',
    });
    if (seconds === undefined) return;
    const folder = folderInFront();
    const file = folder ? Uri.joinPath(folder.uri, 'recorded.trace.gz').fsPath : 'recorded.trace.gz';
    const command = commandLine(cli, file, seconds.trim());
    const [run, copy] = ['Run in Terminal', 'Copy Command'];
    const offers = workspace.isTrusted ? [run, copy] : [copy];
    const detail = `${command}\n\n${NEEDS}${workspace.isTrusted ? '' : '\n\nTo run it here, trust the workspace first.'}`;
    const chosen = await window.showInformationMessage('Record a trace', { modal: true, detail }, ...offers);
    if (chosen === copy) await env.clipboard.writeText(command);
    if (chosen !== run) return;
    await tasks.executeTask(recording(command, folder));
  });

/** The folder of the policy in front; else the first. */
function folderInFront(): WorkspaceFolder | undefined {
  const uri = window.activeTextEditor?.document.uri;
  return (uri && workspace.getWorkspaceFolder(uri)) ?? workspace.workspaceFolders?.[0];
}

/** A task, whose terminal shows the command once: a shell that is sent text before its prompt echoes it twice. */
function recording(command: string, folder: WorkspaceFolder | undefined): Task {
  const definition = { type: 'shell' };
  const execution = new ShellExecution(command);
  const task = new Task(definition, folder ?? TaskScope.Global, 'record a trace', 'PV Policy', execution, []);
  task.presentationOptions = { focus: true, panel: TaskPanelKind.Dedicated, showReuseMessage: false };
  return task;
}

const commandLine = ({ program, script, env: own }: Cli, file: string, seconds: string): string => {
  const settings = Object.entries(own).map(([name, value]) => `${name}=${value}`);
  return [
    'sudo',
    ...settings,
    quoted(program),
    quoted(script),
    'record',
    '-o',
    quoted(file),
    '--seconds',
    seconds,
  ].join(' ');
};

/** For a POSIX shell. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
