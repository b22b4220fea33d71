/* The table of programs; bench/suite/programs.ts has the same names. */
#include "bench.h"

const struct program programs[] = {
    {"sieve", sieve_round},       {"sha256", sha256_round},       {"sort", sort_round},       {"trees", trees_round},
    {"bytecode", bytecode_round}, {"nbody", nbody_round},         {"matrix", matrix_round},   {"memcpy", memcpy_round},
    {"strings", strings_round},   {"core", core_round},           {"dispersed", dispersed_round},
    {"syscall", syscall_round},   {"fork", fork_round},           {"pipe", pipe_round},       {"faults", faults_round},
    {NULL, NULL},
};
