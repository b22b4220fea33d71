/** What expected.txt holds: the results of makeInputs(EXPECTED_SEED, EXPECTED_ROUNDS) on a host CPU. */
export const EXPECTED_SEED = 2024;
export const EXPECTED_ROUNDS = 12;
