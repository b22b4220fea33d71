/*
 * What the guest programs of `npm run bench` share. A program's round does the same work each time, from the same start, and
 * gives the same checksum each time, on every machine and in 32 and 64 bits: so a run of any number of rounds can be checked.
 * Rounds are called from another file, so that the compiler can neither drop nor join them.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t (*round_function)(void);

struct program {
    const char *name;
    round_function round;
};

/* Ends at an entry without a name. */
extern const struct program programs[];

/* Compute. */
uint32_t sieve_round(void);
uint32_t sha256_round(void);
uint32_t sort_round(void);
uint32_t trees_round(void);
uint32_t bytecode_round(void);
uint32_t nbody_round(void);
uint32_t matrix_round(void);
uint32_t memcpy_round(void);
uint32_t strings_round(void);
uint32_t core_round(void);
/* Code far wider than a loop; generated (bench/suite/dispersed.ts). */
uint32_t dispersed_round(void);
/* What a kernel does for its processes. */
uint32_t syscall_round(void);
uint32_t fork_round(void);
uint32_t pipe_round(void);
uint32_t faults_round(void);

/* The program gives up: says why on standard output and ends the process. */
void fail(const char *why) __attribute__((noreturn));

/* Makes the compiler forget what it knows of memory. */
#define FORGET_MEMORY() __asm__ volatile("" ::: "memory")

/* Numerical Recipes' generator: the inputs are made, not stored. */
static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline uint32_t mix(uint32_t sum, uint32_t value)
{
    return (sum ^ value) * 0x01000193u + (sum >> 15);
}

#endif
