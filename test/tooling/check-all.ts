/**
 * Everything that must hold before a change is done, in the order in which it is cheapest to hear of it:
 * `npm run check:all`. The same as CI runs. A stage that fails does not keep the others from telling what they know.
 */
import { spawnSync } from 'node:child_process';

const STAGES: readonly (readonly string[])[] = [
  ['run', 'format:check'],
  ['run', 'typecheck'],
  ['run', 'lint'],
  ['run', 'schema', '--', '--check'],
  ['run', 'schema:diff'],
  ['run', 'codegen:check'],
  ['test'],
];

const results = STAGES.map((args) => {
  const name = ['npm', ...args].join(' ');
  console.log(`\n--- ${name}`);
  const startMs = performance.now();
  const { status } = spawnSync('npm', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return { name, passed: status === 0, seconds: (performance.now() - startMs) / 1000 };
});

console.log('');
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? 'passed' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${name}`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
