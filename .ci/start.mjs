// The whole product once, on a machine that has nothing but Node: installs what is missing, builds, checks and
// compiles an example, runs it over its recorded trace, and says what it wrote.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const example = join('examples', 'spin_guard.pvpolicy');
const out = mkdtempSync(join(tmpdir(), 'pvpolicy-start-'));
const pvpolicy = join(root, 'dist', 'cli.cjs');
const rows = [];

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`needs Node 20 or later; this is ${process.version}`);
if (!existsSync(join(root, 'node_modules'))) step('install', 'npm', ['ci', '--no-audit', '--no-fund']);
step('build', process.execPath, [join('.ci', 'build.mjs')]);
step('check', process.execPath, [pvpolicy, 'check', example]);
step('compile', process.execPath, [pvpolicy, 'compile', example, '-o', out]);
const simulated = step('simulate', process.execPath, [pvpolicy, 'simulate', example, '--mode', 'replay'], {
  show: true,
});
rows.push(['simulate', `${simulated.split('\n').length} lines, above`]);
for (const file of readdirSync(out))
  rows.push(['wrote', `${join(out, file)} (${statSync(join(out, file)).size} bytes)`]);

console.log('');
for (const [what, result] of rows) console.log(`${what.padEnd(9)} ${result}`);
console.log(
  `\nNext: npx pvpolicy --help, or open ${relative(process.cwd(), join(root, 'examples')) || 'examples'} in an editor (README.md).`,
);

/** Runs a step to its end; what it says is kept for the moment that it fails. Gives its output. */
function step(name, command, args, { show = false } = {}) {
  const begin = performance.now();
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  if (error || status !== 0) {
    fail(
      `${name} failed: ${[command, ...args].join(' ')}\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`,
    );
  }
  if (show) console.log(stdout);
  else rows.push([name, `${((performance.now() - begin) / 1000).toFixed(1)} s`]);
  return stdout;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
