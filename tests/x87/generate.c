/*
 * Runs single x87 instructions on the host CPU over random register stacks and writes what they did, as records for x87.test.ts.
 *
 *   gcc -O2 -o build/x87/generate generate.c && build/x87/generate <seed> <rounds>     (fuzz.ts does this)
 *
 * Output: 256 register values of 10 bytes, 256 memory operands of 16 bytes, then records (Record below). Images and memory are
 * written as the exclusive or with what they were before, so that they are mostly zero.
 * Nothing waits after the instruction but FNSAVE, which does not, so unmasked exceptions need no signal handler.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct __attribute__((packed)) {
  uint8_t escape, modrm;    /* D8-DF and ModRM; mod 0, rm 6 is the memory operand */
  uint16_t cw, sw;          /* before; sw has TOP */
  uint8_t empty;            /* bit n: physical register n */
  uint8_t flags;            /* EFLAGS before, bits 0-7 */
  uint8_t st[8];            /* ST(n): number of a register value */
  uint8_t operand;          /* memory: 7 operands from this one on */
  uint8_t pointers;         /* bit 0: FIP is this instruction's, bit 1: FIP is 0, bits 2, 3: likewise FDP and the operand */
  uint16_t cwAfter, swAfter, twAfter, axAfter, flagsAfter;
  uint8_t registers[80];    /* physical, xor before */
  uint8_t memory[108];      /* xor before */
} Record;

static uint64_t state;
static uint64_t rnd(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static uint8_t values[256][10];
static uint8_t operands[256][16];

static const struct { uint16_t se; uint64_t sig; } EDGES[] = {
  {0, 0}, {0, 1}, {0, 0x7fffffffffffffff}, {0, 0x8000000000000000}, {1, 0x8000000000000000}, {0x3fff, 0x8000000000000000},
  {0x3fff, 0x8000000000000001}, {0x3fff, 0xffffffffffffffff}, {0x3ffe, 0x8000000000000000}, {0x3ffe, 0xffffffffffffffff},
  {0x4000, 0xc000000000000000}, {0x4000, 0xc90fdaa22168c235}, {0x403d, 0xffffffffffffffff}, {0x403e, 0x8000000000000000},
  {0x403f, 0x8000000000000000}, {0x400e, 0x8000000000000000}, {0x400d, 0xffff000000000000}, {0x401e, 0x8000000000000000},
  {0x403a, 0xde0b6b3a763fffff}, {0x407e, 0xffffff8000000000}, {0x43fe, 0xfffffffffffffc00}, {0x3f81, 0x8000000000000000},
  {0x3c01, 0x8000000000000000}, {0x3bcd, 0x8000000000000001}, {0x7ffe, 0xffffffffffffffff}, {0x7fff, 0x8000000000000000},
  {0x7fff, 0x8000000000000001}, {0x7fff, 0xbfffffffffffffff}, {0x7fff, 0xc000000000000000}, {0x7fff, 0xc000000000000001},
  {0x7fff, 0xffffffffffffffff}, {0x7fff, 0}, {0x3fff, 0x4000000000000000}, {0x3ffc, 0x9000000000000000},
};
#define NEDGES (sizeof EDGES / sizeof EDGES[0])

static void makeTables(void) {
  for (int i = 0; i < 256; i++) {
    uint64_t sig = rnd() | 1ull << 63;
    uint16_t se = 0x3fff + rnd() % 41 - 20;
    if (i < 2 * (int)NEDGES) {
      sig = EDGES[i / 2].sig;
      se = EDGES[i / 2].se | (i & 1) << 15;
    } else {
      if (i % 3 == 0) sig &= ~0ull << (rnd() & 63);
      if (i % 7 == 0) se = rnd() & 0x7fff;
      if (i % 11 == 0) se = 0x3fff + 60;
      sig |= 1ull << 63;
      se |= (rnd() & 1) << 15;
    }
    memcpy(values[i], &sig, 8);
    memcpy(values[i] + 8, &se, 2);
  }
  for (int i = 0; i < 256; i++) {
    uint64_t v[2] = {rnd(), rnd()};
    memcpy(operands[i], v, 16);
    if (i < 64) { /* m32fp */
      uint32_t f = rnd();
      if (i % 4 == 0) f &= 0x807fffff >> (rnd() % 20);
      else if (i % 4 == 1) f = (f | 0x7f800000) & (rnd() & 1 ? ~0u : ~0x400000u);
      else if (i % 4 == 2) f = (f & 0x80ffffff) | 0x3f000000;
      if (i < 4) f = i == 0 ? 0 : i == 1 ? 0xff800000 : i == 2 ? 0x3f800000 : 0x80000000;
      memcpy(operands[i], &f, 4);
    } else if (i < 128) { /* m64fp */
      uint64_t d = rnd();
      if (i % 4 == 0) d &= 0x800fffffffffffffull >> (rnd() % 40);
      else if (i % 4 == 1) d = (d | 0x7ffull << 52) & (rnd() & 1 ? ~0ull : ~(1ull << 51));
      else if (i % 4 == 2) d = (d & 0x801fffffffffffffull) | 0x3feull << 52;
      if (i < 68) d = i == 64 ? 0 : i == 65 ? 0x7ffull << 52 : i == 66 ? 0x3ffull << 52 : 1ull << 63;
      memcpy(operands[i], &d, 8);
    } else if (i < 176) { /* integers */
      int64_t n = (int64_t)rnd() >> (rnd() & 63);
      if (i < 132) n = i == 128 ? 0 : i == 129 ? -1 : i == 130 ? 1 : INT64_MIN;
      memcpy(operands[i], &n, 8);
    } else if (i < 208) { /* m80bcd */
      int digits = rnd() % 10;
      for (int k = 0; k < 9; k++) operands[i][k] = k < digits ? (rnd() % 10) << 4 | rnd() % 10 : 0;
      operands[i][9] = rnd() & 1 ? 0x80 : 0;
    } else if (i < 250) { /* m80fp */
      memcpy(operands[i], values[rnd() & 255], 10);
    }
  }
}

/* The operand table's part for a memory form: first and number. */
static void operandRange(int escape, int reg, int *first, int *count) {
  *first = 0, *count = 256;
  if (escape == 0 || (escape == 1 && reg == 0)) *count = 64;
  else if (escape == 4 || (escape == 5 && reg == 0)) *first = 64, *count = 64;
  else if (escape == 2 || escape == 6 || (escape == 3 && reg == 0) || (escape == 7 && (reg == 0 || reg == 5))) *first = 128, *count = 48;
  else if (escape == 7 && reg == 4) *first = 176, *count = 32;
  else if (escape == 3 && reg == 5) *first = 208, *count = 42;
}

/* As in decode/x87.ts: no such instruction. 2: FISTTP. */
static const uint8_t NO_MEMORY[8] = {0, 2, 0, 0x50 | 2, 0, 0x20 | 2, 0, 2};
static const uint8_t NO_REGISTER[64] = {
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0, 0xcc, 0x80, 0, 0, 0, 0, 0, 0, 0xff, 0xfd, 0xff, 0xff, 0, 0, 0, 0, 0xe0, 0, 0, 0xff,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0, 0, 0xff,
};

static int waits(int escape, int modrm) {
  int reg = modrm >> 3 & 7;
  if (modrm < 0xc0) return !((escape == 1 || escape == 5) && reg >= 6);
  return !((escape == 3 || escape == 7) && reg == 4);
}

static double exponentOf(const uint8_t *v) { return (v[8] | v[9] << 8) & 0x7fff; }

/* F2XM1 and FYL2XP1 are defined on a part of the line only; FSIN and so on are compared elsewhere beyond that. */
static int defined(const Record *r) {
  if (r->escape != 1 || r->modrm < 0xc0) return 1;
  const uint8_t *v = values[r->st[0]];
  double e = exponentOf(v);
  if (r->modrm == 0xf0) return e < 0x3fff || e == 0x7fff;
  if (r->modrm == 0xf9) return e < 0x3ffd || e == 0x7fff;
  return 1;
}

typedef void Thunk(const uint8_t *in, uint8_t *memory, uint8_t *out, uint64_t flags);
static uint8_t *code;

static void put16(uint8_t *p, uint16_t v) { memcpy(p, &v, 2); }
static uint16_t get16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

static void execute(Record *r) {
  uint8_t in[108], out[128], before[112];
  static uint8_t *low;
  if (!low) low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  int top = r->sw >> 11 & 7;
  uint16_t tags = 0;
  for (int n = 0; n < 8; n++) if (r->empty >> n & 1) tags |= 3 << 2 * n;
  memset(in, 0, sizeof in);
  put16(in, r->cw);
  put16(in + 4, r->sw);
  put16(in + 8, tags);
  in[12] = 0x55, in[20] = 0x66; /* FIP, FDP */
  for (int n = 0; n < 8; n++) memcpy(in + 28 + 10 * n, values[r->st[n]], 10);
  for (int n = 0; n < 7; n++) memcpy(before + 16 * n, operands[(r->operand + n) & 255], 16);
  memcpy(low, before, 112);
  static const uint8_t HEAD[] = {0x31, 0xc0, 0xdd, 0x27, 0x51, 0x9d};
  static const uint8_t TAIL[] = {0x9c, 0x41, 0x59, 0xdd, 0x32, 0x66, 0x89, 0x42, 0x6c, 0x4c, 0x89, 0x4a, 0x70, 0xc3};
  memcpy(code, HEAD, sizeof HEAD);
  uint8_t *insn = code + sizeof HEAD;
  insn[0] = 0xd8 + r->escape;
  insn[1] = r->modrm;
  memcpy(insn + 2, TAIL, sizeof TAIL);
  memset(out, 0, sizeof out);
  ((Thunk *)code)(in, low, out, 0x202 | (r->flags & 0xd5));
  r->cwAfter = get16(out);
  r->swAfter = get16(out + 4);
  r->twAfter = get16(out + 8);
  r->axAfter = get16(out + 108);
  r->flagsAfter = get16(out + 112) & 0x8d5;
  uint32_t ip = get32(out + 12), dp = get32(out + 20);
  r->pointers = (ip == (uint32_t)(uintptr_t)insn) | (ip == 0) << 1 | (dp == (uint32_t)(uintptr_t)low) << 2 | (dp == 0) << 3;
  int topAfter = r->swAfter >> 11 & 7;
  for (int p = 0; p < 8; p++)
    for (int k = 0; k < 10; k++)
      r->registers[10 * p + k] = out[28 + 10 * ((p - topAfter) & 7) + k] ^ in[28 + 10 * ((p - top) & 7) + k];
  int env = r->modrm < 0xc0 && (r->modrm >> 3 & 7) == 6 && (r->escape == 1 || r->escape == 5);
  for (int k = 0; k < 108; k++) r->memory[k] = env && k >= 12 && k < 28 ? 0 : low[k] ^ before[k];
}

int main(int argc, char **argv) {
  state = argc > 1 ? strtoull(argv[1], 0, 0) : 1;
  int rounds = argc > 2 ? atoi(argv[2]) : 10;
  code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  makeTables();
  fwrite(values, sizeof values, 1, stdout);
  fwrite(operands, sizeof operands, 1, stdout);
  for (int escape = 0; escape < 8; escape++) {
    for (int reg = 0; reg < 16; reg++) {
      for (int n = 0; n < rounds; n++) {
        Record r;
        memset(&r, 0, sizeof r);
        r.escape = escape;
        if (reg < 8) {
          if (NO_MEMORY[escape] >> reg & 1) continue;
          r.modrm = reg << 3 | 6;
          int first, count;
          operandRange(escape, reg, &first, &count);
          r.operand = first + rnd() % count;
        } else {
          uint8_t none = NO_REGISTER[escape << 3 | (reg - 8)];
          if (none == 0xff) break;
          int rm = n & 7;
          while (none >> rm & 1) rm = rnd() & 7;
          r.modrm = 0xc0 | (reg - 8) << 3 | rm;
        }
        r.cw = 0x37f;
        if (rnd() % 2) {
          r.cw = 0x40 | (rnd() & 0xf00);
          r.cw |= rnd() % 2 ? 0x3f : rnd() & 0x3f;
        }
        r.sw = rnd() & 0x7f7f;
        if (rnd() % 2) r.sw &= ~0x7f;
        if (waits(escape, r.modrm)) r.sw &= r.cw | ~0x3f;
        r.empty = rnd();
        if (rnd() % 2) { /* mostly full: ST(0) and ST(1) and another are there, ST(7) is not */
          int top = r.sw >> 11 & 7;
          r.empty = rnd() & rnd();
          r.empty &= ~(1 << top | 1 << ((top + 1) & 7) | 1 << ((top + (r.modrm & 7)) & 7));
          r.empty |= 1 << ((top + 7) & 7);
        }
        r.flags = rnd() & 0xd5;
        int edges = rnd() % 2;
        do {
          for (int k = 0; k < 8; k++) r.st[k] = edges ? rnd() % (2 * NEDGES) : rnd();
        } while (!defined(&r));
        execute(&r);
        fwrite(&r, sizeof r, 1, stdout);
      }
    }
  }
  return 0;
}
