/* A stack machine's interpreter, one switch: an indirect jump for every few instructions. It counts Collatz steps. */
#include "bench.h"

enum { PUSH, LOAD, STORE, ADD, MULTIPLY, AND, HALVE, LESS, JUMP, JUMP_IF_ZERO, HALT };
enum { NUMBER, VALUE, STEPS };

#define LIMIT 400

/* for (number = 1; number < LIMIT; number++) for (value = number; value != 1 (1 < value); steps++) value = odd ? 3v+1 : v/2 */
static const int program[] = {
    PUSH, 1, STORE, NUMBER,                               /*  0 */
    LOAD, NUMBER, PUSH, LIMIT, LESS, JUMP_IF_ZERO, 53,    /*  4: outer */
    LOAD, NUMBER, STORE, VALUE,                           /* 11 */
    PUSH, 1, LOAD, VALUE, LESS, JUMP_IF_ZERO, 44,         /* 15: inner */
    LOAD, STEPS, PUSH, 1, ADD, STORE, STEPS,              /* 22 */
    LOAD, VALUE, PUSH, 1, AND, JUMP_IF_ZERO, 54,          /* 29 */
    LOAD, VALUE, PUSH, 3, MULTIPLY, JUMP, 61,             /* 36 */
    HALT,                                                 /* 43 */
    LOAD, NUMBER, PUSH, 1, ADD, STORE, NUMBER, JUMP, 4,   /* 44: next number */
    HALT,                                                 /* 53 */
    LOAD, VALUE, HALVE, STORE, VALUE, JUMP, 15,           /* 54: even */
    PUSH, 1, ADD, STORE, VALUE, JUMP, 15,                 /* 61: odd, plus one */
};

static __attribute__((noipa)) uint32_t interpret(const int *code)
{
    uint32_t stack[16], variables[3] = {0, 0, 0};
    uint32_t *top = stack;
    for (const int *at = code;;) {
        switch (*at++) {
        case PUSH: *++top = *at++; break;
        case LOAD: *++top = variables[*at++]; break;
        case STORE: variables[*at++] = *top--; break;
        case ADD: top--, top[0] += top[1]; break;
        case MULTIPLY: top--, top[0] *= top[1]; break;
        case AND: top--, top[0] &= top[1]; break;
        case HALVE: top[0] >>= 1; break;
        case LESS: top--, top[0] = top[0] < top[1]; break;
        case JUMP: at = code + *at; break;
        case JUMP_IF_ZERO: at = *top-- ? at + 1 : code + *at; break;
        case HALT: return variables[STEPS];
        }
    }
}

uint32_t bytecode_round(void)
{
    return interpret(program);
}
