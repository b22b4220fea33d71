/* The sieve of Eratosthenes: byte stores at many strides, a counting loop. */
#include "bench.h"
#include <string.h>

#define LIMIT 100000

static unsigned char composite[LIMIT];

uint32_t sieve_round(void)
{
    uint32_t count = 0, sum = 0;
    memset(composite, 0, sizeof composite);
    for (uint32_t candidate = 2; candidate < LIMIT; candidate++) {
        if (composite[candidate]) continue;
        count++;
        sum += candidate;
        for (uint32_t multiple = candidate + candidate; multiple < LIMIT; multiple += candidate) composite[multiple] = 1;
    }
    return mix(count, sum);
}
