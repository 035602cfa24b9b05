import { viewOf } from '../binary/bytes.ts';
import { type TaskTable, isThreadId } from '../task-table.ts';
import type { ProtoReader } from './protobuf.ts';

const encoder = new TextEncoder();

/** What a Perfetto trace tells of threads beside its events: their names and their groups. */
export class Threads {
  private readonly names = new Map<number, string>();
  private readonly groups = new Map<number, number>();

  /** Takes a ProcessTree (process_tree.proto). */
  readTree(tree: ProtoReader): void {
    while (tree.next()) {
      if (!tree.isBlock) continue;
      if (tree.field === 1) this.readProcess(tree.message());
      else if (tree.field === 2) this.readThread(tree.message());
    }
  }

  private readProcess(process: ProtoReader): void {
    let id = -1;
    let command: string | undefined;
    let isName = false;
    while (process.next()) {
      if (process.field === 1 && !process.isBlock) id = process.int;
      else if (process.field === 3 && process.isBlock) command ??= process.text();
      else if (process.field === 9) isName = process.low !== 0;
    }
    if (id === 0 || !isThreadId(id)) return;
    this.groups.set(id, id);
    if (isName) this.name(id, command);
  }

  private readThread(thread: ProtoReader): void {
    let [id, group] = [-1, -1];
    let name: string | undefined;
    while (thread.next()) {
      if (thread.field === 1 && !thread.isBlock) id = thread.int;
      else if (thread.field === 2 && thread.isBlock) name = thread.text();
      else if (thread.field === 3 && !thread.isBlock) group = thread.int;
    }
    if (id === 0 || !isThreadId(id)) return;
    // Writers that do not know the group of a thread tell the thread itself.
    if (isThreadId(group) && group > 0 && group !== id) this.groups.set(id, group);
    this.name(id, name);
  }

  private name(id: number, name: string | undefined): void {
    if (name !== undefined && name !== '') this.names.set(id, name);
  }

  /** Tells `tasks` what is known of the threads that events mention. */
  addTo(tasks: TaskTable): void {
    for (const [tid, name] of this.names) {
      if (!tasks.has(tid)) continue;
      const bytes = encoder.encode(name);
      tasks.nameIfUnknown(tid, { bytes, view: viewOf(bytes) }, 0, bytes.length);
    }
    for (const [tid, group] of this.groups) if (tasks.has(tid)) tasks.group(tid, group);
  }
}
