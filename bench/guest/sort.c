/* Quicksort through a compare callback, as qsort calls one: indirect calls and branches nobody predicts. */
#include "bench.h"

#define COUNT 4096
#define SMALL 12

struct record {
    uint32_t key;
    uint32_t value;
};

typedef int (*compare_function)(const void *, const void *);

static struct record records[COUNT];

static __attribute__((noipa)) int by_key(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

static __attribute__((noipa)) int by_value_backwards(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return left->value > right->value ? -1 : left->value < right->value;
}

static void swap(struct record *a, struct record *b)
{
    struct record kept = *a;
    *a = *b;
    *b = kept;
}

static void insertion_sort(struct record *first, struct record *end, compare_function compare)
{
    for (struct record *next = first + 1; next < end; next++)
        for (struct record *at = next; at > first && compare(at - 1, at) > 0; at--) swap(at - 1, at);
}

static __attribute__((noipa)) void sort(struct record *first, struct record *end, compare_function compare)
{
    while (end - first > SMALL) {
        struct record pivot = first[(end - first) / 2];
        struct record *low = first, *high = end - 1;
        while (low <= high) {
            while (compare(low, &pivot) < 0) low++;
            while (compare(high, &pivot) > 0) high--;
            if (low <= high) swap(low++, high--);
        }
        sort(first, high + 1, compare);
        first = low;
    }
    insertion_sort(first, end, compare);
}

static uint32_t sum_of(void)
{
    uint32_t sum = 0;
    for (int i = 0; i < COUNT; i += 16) sum = mix(sum, records[i].key ^ i);
    return sum;
}

uint32_t sort_round(void)
{
    uint32_t seed = 1, sum;
    for (int i = 0; i < COUNT; i++) {
        records[i].key = next_random(&seed);
        records[i].value = i;
    }
    sort(records, records + COUNT, by_key);
    sum = sum_of();
    sort(records, records + COUNT, by_value_backwards);
    return mix(sum, sum_of());
}
