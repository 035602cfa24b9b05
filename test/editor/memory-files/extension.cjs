// A file system in memory, with one policy in it, as an extension for remote repositories would provide it.
const { EventEmitter, FileSystemError, FileType, workspace } = require('vscode');

const POLICY = `policy elsewhere for tracing

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) {
        boost(v, FIFO, 8, for: 5ms)
    }
}

scenario named {
    trace "some.trace"
    expect sum(switches) > 0
}

counter switches per vm
`;

exports.activate = ({ subscriptions }) => {
  const files = new Map([['/policies/elsewhere.pvpolicy', Buffer.from(POLICY)]]);
  const changed = new EventEmitter();
  const provider = {
    onDidChangeFile: changed.event,
    watch: () => ({ dispose() {} }),
    stat({ path }) {
      const file = files.get(path);
      const folder = [...files.keys()].some((name) => name.startsWith(path.replace(/\/?$/, '/')));
      if (!file && !folder) throw FileSystemError.FileNotFound(path);
      return { type: file ? FileType.File : FileType.Directory, ctime: 0, mtime: 0, size: file?.length ?? 0 };
    },
    readDirectory: ({ path }) =>
      [...files.keys()]
        .filter((name) => name.startsWith(path.replace(/\/?$/, '/')))
        .map((name) => [name.slice(path.replace(/\/?$/, '/').length), FileType.File]),
    readFile({ path }) {
      const file = files.get(path);
      if (!file) throw FileSystemError.FileNotFound(path);
      return file;
    },
    writeFile({ path }, content) {
      files.set(path, content);
    },
    createDirectory() {},
    delete({ path }) {
      files.delete(path);
    },
    rename(from, to) {
      files.set(to.path, files.get(from.path));
      files.delete(from.path);
    },
  };
  subscriptions.push(changed, workspace.registerFileSystemProvider('memfs', provider));
};
