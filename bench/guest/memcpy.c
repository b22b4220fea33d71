/* The C library's memcpy, memmove and memset on blocks that no cache of the first two levels holds. */
#include "bench.h"
#include <string.h>

#define BYTES (2 * 1024 * 1024)
#define PATTERN 8200

static unsigned char from[BYTES + 64], to[BYTES + 64];

static void fill(void)
{
    static int filled;
    if (filled) return;
    for (size_t i = 0; i < PATTERN; i++) from[i] = i * 13 + (i >> 9);
    for (size_t i = PATTERN; i < sizeof from; i += PATTERN)
        memcpy(from + i, from, i + PATTERN > sizeof from ? sizeof from - i : PATTERN);
    filled = 1;
}

static uint32_t sample(void)
{
    uint32_t sum = 0;
    FORGET_MEMORY();
    for (size_t i = 0; i < BYTES; i += 8191) sum = mix(sum, to[i]);
    return sum;
}

uint32_t memcpy_round(void)
{
    uint32_t sum;
    fill();
    memcpy(to, from, BYTES);
    sum = sample();
    memcpy(to + 3, from + 17, BYTES);
    sum = mix(sum, sample());
    memmove(to + 16, to, BYTES);
    sum = mix(sum, sample());
    memset(to, 0x5a, BYTES / 2);
    return mix(sum, sample());
}
