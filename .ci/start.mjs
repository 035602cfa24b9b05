// The whole product once, on a machine that has nothing but Node: installs what is missing, builds, checks and
// compiles an example, runs it over its recorded trace, and says what it wrote.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const example = join('examples', 'spin_guard.pvpolicy');
const out = 'out';
const pvpolicy = join(root, 'dist', 'cli.cjs');
const rows = [];

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`needs Node 20 or later; this is ${process.version}`);
// Written last.
if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
  console.log('installing the dependencies, which takes a minute or two …');
  run('install', 'npm', ['ci', '--no-audit', '--no-fund']);
}
run('build', process.execPath, [join('.ci', 'build.mjs')]);
run('check', process.execPath, [pvpolicy, 'check', example]);
const written = run('compile', process.execPath, [pvpolicy, 'compile', example, '-o', out]);
const page = join('out', 'report.html');
console.log(run('simulate', process.execPath, [pvpolicy, 'simulate', example, '-o', page]));

table(['step', 'result', 'seconds'], rows);
table(
  ['written', 'bytes'],
  `${written.trim()}\n${page}`
    .trim()
    .split('\n')
    .map((path) => [path, String(statSync(join(root, path)).size)]),
);
console.log(
  'Next: open out/report.html in a browser, npx pvpolicy --help, or open the folder examples in an editor (README.md says how).',
);

/** Runs a step to its end; gives its output, which is shown only where the step fails. */
function run(name, command, args) {
  const begin = performance.now();
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  if (error || status !== 0) {
    const said = [error?.message, stdout, stderr].filter(Boolean).join('\n');
    fail(`${name} failed: ${[command, ...args].join(' ')}\n${said}`);
  }
  rows.push([name, name === 'check' ? stdout.trim() : 'ok', ((performance.now() - begin) / 1000).toFixed(1)]);
  return stdout;
}

function table(titles, lines) {
  const widths = titles.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
  for (const line of [titles, ...lines]) {
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
  }
  console.log('');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
