/* Product of two matrices (single precision). The elements are small whole numbers, so that every sum is exact. */
#include "bench.h"

#define SIZE 64

static float a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];

static void fill(void)
{
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (i * 3 + j * 5) % 17 - 8;
            b[i][j] = (i * 7 + j * 2) % 19 - 9;
        }
}

static __attribute__((noipa)) void multiply(void)
{
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            float sum = 0;
            for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
            product[i][j] = sum;
        }
}

uint32_t matrix_round(void)
{
    uint32_t sum = 0;
    fill();
    multiply();
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) sum = mix(sum, (int32_t)product[i][j]);
    return sum;
}
