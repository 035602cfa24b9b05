/** Before all tests: with PVPOLICY_SEED=random, draws the seed that all of them get, and says which one it is. */
export default function drawSeed(): void {
  if (process.env['PVPOLICY_SEED'] !== 'random') return;
  process.env['PVPOLICY_SEED'] = String(Math.floor(Math.random() * 2 ** 31));
  console.log(`PVPOLICY_SEED=${process.env['PVPOLICY_SEED']}`);
}
