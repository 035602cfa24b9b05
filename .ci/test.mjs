// The whole test run, one line a step: `npm test` and CI both call it.
//
//   node .ci/test.mjs [--provision] [STEP…]     no step named: all of them
//
// With CI=true, or with --provision, the lanes' tools are installed first (test/provision.sh); otherwise a lane
// whose tools are missing is skipped and says how to get them. Full logs go to a folder below the system's
// temporary one; a step that fails shows the end of its log. The last line is the sum of all tests.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const logs = mkdtempSync(join(tmpdir(), 'pvpolicy-test-'));
const inCi = process.env.CI !== undefined && process.env.CI !== 'false';
const minute = 60_000;

/**
 * One step: a command, how long it may take (for what hangs: a machine may be three times as slow as another), what must have
 * passed before it, and whether it counts tests. `when` answers
 * whether there is anything to do. What comes over the network, and goes on where it ended, is tried up to `tries` times.
 */
const steps = [
  {
    name: 'install',
    command: ['npm', 'ci'],
    limit: 10 * minute,
    tries: 3,
    // Written last.
    when: () => !existsSync(join(root, 'node_modules', '.package-lock.json')),
  },
  {
    name: 'provision',
    command: ['bash', 'test/provision.sh'],
    limit: 20 * minute,
    tries: 3,
    when: () => inCi || provisioning,
  },
  { name: 'build', command: ['npm', 'run', 'build'], needs: ['install'] },
  { name: 'typecheck', command: ['npm', 'run', 'typecheck'], needs: ['install'] },
  { name: 'lint', command: ['npm', 'run', 'lint'], needs: ['install'] },
  { name: 'unit', command: vitest(), limit: 40 * minute, needs: ['install'], counts: true },
  {
    name: 'qemu',
    command: vitest('test/qemu/vitest.config.ts'),
    limit: 45 * minute,
    needs: ['install'],
    counts: true,
  },
  { name: 'package', command: ['npm', 'run', 'package'], needs: ['build'] },
  { name: 'emacs', command: vitest('test/emacs/vitest.config.ts'), needs: ['build'], counts: true },
  { name: 'neovim', command: vitest('test/neovim/vitest.config.ts'), needs: ['build'], counts: true },
  {
    name: 'editor',
    command: vitest('test/editor/vitest.config.ts'),
    limit: 30 * minute,
    needs: ['package'],
    counts: true,
  },
];

const options = process.argv.slice(2);
const provisioning = options.includes('--provision');
const chosen = options.filter((option) => option !== '--provision');
const unknown = chosen.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(', ')}; there are: ${steps.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const broken = new Set();
for (const step of steps) {
  if (chosen.length > 0 && !chosen.includes(step.name)) continue;
  if (step.when?.() === false) continue;
  const missing = (step.needs ?? []).filter((name) => broken.has(name));
  if (missing.length > 0) {
    report(step.name, `not run: ${missing.join(', ')} failed`, 0);
    broken.add(step.name);
    continue;
  }
  await runStep(step);
}
if (broken.size > 0) console.log(`full logs: ${logs}`);
else rmSync(logs, { recursive: true });
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = broken.size > 0 || sum.failed > 0 ? 1 : 0;

function vitest(config) {
  const chosen = config === undefined ? [] : ['-c', config];
  return ['npx', 'vitest', 'run', ...chosen, '--reporter=default', '--reporter=json'];
}

async function runStep({ name, command, limit = 5 * minute, tries = 1, counts = false }) {
  const begin = performance.now();
  const log = join(logs, `${name}.log`);
  const results = join(logs, `${name}.json`);
  const whole = counts ? [...command, `--outputFile.json=${results}`] : command;
  let status = await run(whole, log, limit);
  let tried = 1;
  for (; tried < tries && status.startsWith('status'); tried++) {
    await sleep(tried * 10_000);
    status = await run(whole, log, limit);
  }
  const tests = readCounts(results);
  // A step that ends badly without a failed test (a file that does not load, a time-out) is one failure.
  if (status !== 'ok' && tests.failed === 0) tests.failed = 1;
  for (const key of ['passed', 'failed', 'skipped']) sum[key] += tests[key];
  const figures = `${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`;
  const result = status === 'ok' ? 'ok' : `FAILED (${status})`;
  const ending = tried > 1 ? `${result} at try ${tried}` : result;
  report(name, counts ? `${figures} ${ending}` : ending, performance.now() - begin);
  for (const line of [...tests.advice, ...tests.retried, ...tests.broken]) console.log(`           ${line}`);
  if (tests.failed === 0) return;
  broken.add(name);
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  console.log(
    lines
      .filter((line) => !/^\s*[✓↓] /.test(line))
      .slice(-60)
      .join('\n'),
  );
}

function report(name, text, milliseconds) {
  console.log(`${name.padEnd(10)} ${text.padEnd(40)} ${(milliseconds / 1000).toFixed(1).padStart(6)} s`);
}

/** Runs a command in a process group of its own; gives 'ok', 'status N' or 'timed out'. Output goes to the log. */
function run([program, ...args], log, limit) {
  return new Promise((resolve) => {
    const output = createWriteStream(log, { flags: 'a' });
    const env = { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' };
    const child = spawn(program, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, limit);
    const interrupted = () => {
      killGroup(child.pid);
      process.exit(130);
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    const finish = (status) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      output.end(() => resolve(status));
    };
    child.once('error', (error) => finish(error.message));
    child.once('close', (code) => finish(late ? 'timed out' : code === 0 ? 'ok' : `status ${code}`));
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Sums of one vitest run, what its skipped lanes ask for, the first tests that failed, and those that were tried again. */
function readCounts(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0, advice: [], broken: [], retried: [] };
  const results = JSON.parse(readFileSync(file, 'utf8'));
  const tests = results.testResults.flatMap((suite) => suite.assertionResults);
  const advice = tests.filter(({ status, title }) => status !== 'passed' && / tools missing, /.test(title));
  const broken = tests.filter(({ status }) => status === 'failed').slice(0, 20);
  // Those of a lane that tries again.
  const retried = tests.filter(
    ({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0,
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests,
    skipped: results.numPendingTests + results.numTodoTests,
    advice: advice.map(({ title }) => title),
    broken: broken.map(({ fullName }) => `failed: ${fullName}`),
    retried: retried.map(
      ({ fullName, failureMessages }) =>
        `passed when tried again: ${fullName}: ${failureMessages[0].split('\n')[0]}`,
    ),
  };
}
