/* String functions, our own (byte loops, as small programs have them) and the C library's, on lines of text. */
#include "bench.h"
#include <string.h>

#define LINES 64
#define LINE_BYTES 128

static char lines[LINES][LINE_BYTES], copies[LINES][LINE_BYTES];

static __attribute__((noipa)) size_t own_strlen(const char *s)
{
    const char *end = s;
    while (*end) end++;
    return end - s;
}

static __attribute__((noipa)) int own_strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++) b++;
    return (unsigned char)*a - (unsigned char)*b;
}

static __attribute__((noipa)) const char *own_strchr(const char *s, int wanted)
{
    for (;; s++) {
        if (*s == wanted) return s;
        if (!*s) return NULL;
    }
}

static __attribute__((noipa)) void own_strcpy(char *to, const char *from)
{
    while ((*to++ = *from++)) {}
}

static void make_lines(void)
{
    uint32_t seed = 5;
    for (int line = 0; line < LINES; line++) {
        int length = LINE_BYTES / 4 + next_random(&seed) % (LINE_BYTES / 2);
        for (int i = 0; i < length; i++) lines[line][i] = 'a' + next_random(&seed) % 25;
        lines[line][length] = 0;
    }
}

static uint32_t with_own(void)
{
    uint32_t sum = 0;
    for (int i = 0; i < LINES; i++) {
        own_strcpy(copies[i], lines[i]);
        const char *found = own_strchr(copies[i], 'q');
        sum = mix(sum, own_strlen(copies[i]) + (found ? found - copies[i] : 1000));
        sum = mix(sum, own_strcmp(copies[i], lines[i]) + (own_strcmp(copies[i], lines[(i + 1) % LINES]) > 0));
    }
    return sum;
}

/* Sorts by insertion with strcmp, looks for pieces of one line in the others. */
static uint32_t with_library(void)
{
    const char *sorted[LINES];
    uint32_t sum = 0;
    for (int i = 0; i < LINES; i++) {
        int at = i;
        strcpy(copies[i], lines[i]);
        FORGET_MEMORY();
        for (; at > 0 && strcmp(sorted[at - 1], copies[i]) > 0; at--) sorted[at] = sorted[at - 1];
        sorted[at] = copies[i];
    }
    for (int i = 0; i < LINES; i++) {
        const char *found = strchr(sorted[i], 'z' + (i & 1) - 1), *piece = strstr(sorted[i], "ab");
        sum = mix(sum, strlen(sorted[i]) + (found ? found - sorted[i] : 0) + (piece ? 7 : 0));
        sum = mix(sum, (memcmp(sorted[i], lines[i], LINE_BYTES / 4) > 0) + (memchr(lines[i], 'x', LINE_BYTES) != NULL));
    }
    return sum;
}

uint32_t strings_round(void)
{
    make_lines();
    uint32_t sum = with_own();
    return mix(sum, with_library());
}
