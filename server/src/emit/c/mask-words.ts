/** Words of 64 CPUs that masks have in requests to the agent, and as params and in state. */
export const MASK_WORDS = 16;

/** The bits of a mask in words of 64 as C has them, as far as any is set. */
export function maskWordsOf(mask: bigint): readonly string[] {
  const words: string[] = [];
  for (let rest = mask; rest !== 0n || words.length === 0; rest >>= 64n) {
    words.push(`0x${BigInt.asUintN(64, rest).toString(16)}`);
  }
  return words;
}
