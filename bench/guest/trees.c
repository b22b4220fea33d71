/* Binary trees: the C library's malloc and free, pointers to follow, recursion. */
#include "bench.h"
#include <stdlib.h>

#define DEPTH 10
#define LONG_LIVED_DEPTH 12
#define TREES 4

struct node {
    struct node *left, *right;
    uint32_t value;
};

static struct node *grow(int depth, uint32_t value)
{
    struct node *node = malloc(sizeof *node);
    if (!node) fail("out of memory");
    node->value = value;
    node->left = depth > 0 ? grow(depth - 1, value * 2) : NULL;
    node->right = depth > 0 ? grow(depth - 1, value * 2 + 1) : NULL;
    return node;
}

static uint32_t check(const struct node *node)
{
    if (!node) return 0;
    return node->value + check(node->left) - check(node->right) * 3;
}

static void fell(struct node *node)
{
    if (!node) return;
    fell(node->left);
    fell(node->right);
    free(node);
}

uint32_t trees_round(void)
{
    static struct node *long_lived;
    if (!long_lived) long_lived = grow(LONG_LIVED_DEPTH, 1);
    uint32_t sum = 0;
    for (int i = 0; i < TREES; i++) {
        struct node *tree = grow(DEPTH, i);
        sum = mix(sum, check(tree));
        fell(tree);
    }
    return mix(sum, check(long_lived));
}
