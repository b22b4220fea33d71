/*
 * The mix that small processors are measured with (as EEMBC's CoreMark, whose code this is not): a linked list that is searched,
 * reversed and merge-sorted, a matrix of 16-bit numbers, a state machine that reads numbers, and a CRC over all results.
 */
#include "bench.h"

#define ITEMS 200
#define SIZE 12

struct item {
    struct item *next;
    int16_t key, value;
};

static struct item items[ITEMS];
static int16_t left[SIZE][SIZE], right[SIZE][SIZE];
static int32_t result[SIZE][SIZE];

static __attribute__((noipa)) uint16_t crc16(uint16_t crc, uint32_t data)
{
    for (int bit = 0; bit < 32; bit++, data >>= 1) {
        int carry = (data ^ crc) & 1;
        crc >>= 1;
        if (carry) crc ^= 0xa001;
    }
    return crc;
}

static struct item *make_list(uint32_t seed)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
        items[i].key = next_random(&seed) & 0x7fff;
        items[i].value = i;
    }
    return items;
}

static __attribute__((noipa)) struct item *find(struct item *list, int16_t key)
{
    while (list && list->key != key) list = list->next;
    return list;
}

static struct item *reverse(struct item *list)
{
    struct item *reversed = NULL;
    while (list) {
        struct item *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

static struct item *merge(struct item *a, struct item *b)
{
    struct item *merged = NULL, **tail = &merged;
    while (a && b) {
        struct item **smaller = a->key <= b->key ? &a : &b;
        *tail = *smaller;
        tail = &(*tail)->next;
        *smaller = (*smaller)->next;
    }
    *tail = a ? a : b;
    return merged;
}

static struct item *merge_sort(struct item *list)
{
    if (!list || !list->next) return list;
    struct item *middle = list;
    for (struct item *end = list->next; end && end->next; end = end->next->next) middle = middle->next;
    struct item *second = middle->next;
    middle->next = NULL;
    return merge(merge_sort(list), merge_sort(second));
}

static uint16_t list_work(uint16_t crc)
{
    struct item *list = make_list(crc);
    for (int i = 0; i < ITEMS; i += 20) {
        struct item *found = find(list, items[i].key);
        crc = crc16(crc, found ? found->value : 0);
        list = reverse(list);
    }
    list = merge_sort(list);
    for (struct item *at = list; at; at = at->next) crc = crc16(crc, at->key);
    return crc;
}

static uint16_t matrix_work(uint16_t crc)
{
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) left[i][j] = (i * j + crc) & 0xff, right[i][j] = (i - j) * 3;
    FORGET_MEMORY();
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIZE; k++) sum += left[i][k] * right[k][j];
            result[i][j] = ((sum >> 2) & 0xf) * ((sum >> 5) & 0x7f);
        }
    FORGET_MEMORY();
    for (int i = 0; i < SIZE; i++) crc = crc16(crc, result[i][i] ^ result[i][SIZE - 1 - i]);
    return crc;
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, INVALID, STATES };

static enum state next_state(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START: return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID;
    case SIGN: return digit ? INTEGER : c == '.' ? FRACTION : INVALID;
    case INTEGER: return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit || c == '-' ? EXPONENT : INVALID;
    default: return INVALID;
    }
}

static uint16_t state_work(uint16_t crc)
{
    static const char text[] = "5012,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e3,-.123e-2,-87e+8,T0.3e-1F,1T3.4e4z";
    uint32_t counts[STATES] = {0};
    enum state state = START;
    for (int repeat = 0; repeat < 4; repeat++)
        for (const char *at = text; *at; at++) {
            state = *at == ',' ? START : next_state(state, *at ^ (repeat == 3 && (at - text) % 11 == 0));
            counts[state]++;
        }
    for (int i = 0; i < STATES; i++) crc = crc16(crc, counts[i]);
    return crc;
}

uint32_t core_round(void)
{
    uint16_t crc = 1;
    for (int i = 0; i < 4; i++) crc = state_work(matrix_work(list_work(crc)));
    return crc;
}
