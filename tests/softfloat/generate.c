/*
 * Runs x87 instructions on the host CPU and writes what they did, as records for softfloat.test.ts (and for fuzz.ts).
 *
 *   gcc -O2 -o build/softfloat/generate generate.c   (fuzz.ts does this)
 *   generate edge   <seed> <count>         > records   cases over a table of edge values
 *   generate random <seed> <count> [op]    > records   seeded random operands
 *
 * A record is 48 bytes: u8 op, u8 popped or pushed (unused by readers), u16 control word, u16 status word, u16 0, then 10 bytes
 * each of a (ST0 or memory operand), b (ST1), result, second (pushed) result. Instructions run with FNSAVE after them,
 * which does not wait, so unmasked exceptions can be observed without a signal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct __attribute__((packed)) {
  uint8_t op, pad;
  uint16_t cw, sw, pad2;
  uint8_t a[10], b[10], r[10], r2[10];
} Record;

enum {
  ADD, SUB, MUL, DIV, SQRT, PREM, PREM1, RNDINT, SCALE, XTRACT, COM, UCOM, XAM,
  FIST16, FIST32, FIST64, FISTTP16, FISTTP32, FISTTP64, FILD64, FLD32, FLD64, FST32, FST64, FBLD, FBSTP,
  ABS, CHS, F2XM1, FYL2X, FYL2XP1, FSIN, FCOS, FSINCOS, FPTAN, FPATAN, OPS
};

static uint64_t state;
static uint64_t rnd(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

#define REG(text) __asm__ volatile("fninit; fldt %2; fldt %1; fldcw %3; " text "; fnsave %0" \
  : "=m"(image) : "m"(rec->a), "m"(rec->b), "m"(rec->cw) : "memory"); break
#define MEM(text) __asm__ volatile("fninit; fldt %2; fldcw %3; " text " %1; fnsave %0" \
  : "=m"(image), "+m"(rec->r) : "m"(rec->a), "m"(rec->cw) : "memory"); break
#define LOAD(text) __asm__ volatile("fninit; fldz; fldz; fldcw %2; " text " %1; fnsave %0" \
  : "=m"(image) : "m"(rec->a), "m"(rec->cw) : "memory"); break

static void execute(Record *rec) {
  uint8_t image[108];
  memset(image, 0, sizeof image);
  memset(rec->r, 0xcc, 10);
  memset(rec->r2, 0xcc, 10);
  switch (rec->op) {
    case ADD: REG("fadd %%st(1), %%st");
    case SUB: REG("fsub %%st(1), %%st");
    case MUL: REG("fmul %%st(1), %%st");
    case DIV: REG("fdiv %%st(1), %%st");
    case SQRT: REG("fsqrt");
    case PREM: REG("fprem");
    case PREM1: REG("fprem1");
    case RNDINT: REG("frndint");
    case SCALE: REG("fscale");
    case XTRACT: REG("fxtract");
    case COM: REG("fcom %%st(1)");
    case UCOM: REG("fucom %%st(1)");
    case XAM: REG("fxam");
    case FIST16: MEM("fistps");
    case FIST32: MEM("fistpl");
    case FIST64: MEM("fistpll");
    case FISTTP16: MEM("fisttps");
    case FISTTP32: MEM("fisttpl");
    case FISTTP64: MEM("fisttpll");
    case FILD64: LOAD("fildll");
    case FLD32: LOAD("flds");
    case FLD64: LOAD("fldl");
    case FST32: MEM("fstps");
    case FST64: MEM("fstpl");
    case FBLD: LOAD("fbld");
    case FBSTP: MEM("fbstp");
    case ABS: REG("fabs");
    case CHS: REG("fchs");
    case F2XM1: REG("f2xm1");
    case FYL2X: REG("fyl2x");
    case FYL2XP1: REG("fyl2xp1");
    case FSIN: REG("fsin");
    case FCOS: REG("fcos");
    case FSINCOS: REG("fsincos");
    case FPTAN: REG("fptan");
    case FPATAN: REG("fpatan");
  }
  memcpy(&rec->sw, image + 4, 2);
  int top = (rec->sw >> 11) & 7;
  int memory = (rec->op >= FIST16 && rec->op <= FISTTP64) || rec->op == FST32 || rec->op == FST64 || rec->op == FBSTP;
  if (memory) return;
  int load = rec->op >= FILD64 && rec->op <= FBLD;
  if (load) {
    if (top == 5) memcpy(rec->r, image + 28, 10);
  } else if (top == 5) {
    memcpy(rec->r, image + 38, 10);
    memcpy(rec->r2, image + 28, 10);
  } else if (top == 6 && (rec->op == FYL2X || rec->op == FYL2XP1 || rec->op == FPATAN)) {
    memcpy(rec->r, image + 38, 10);
  } else {
    memcpy(rec->r, image + 28, 10);
  }
}

static void put(uint8_t *p, uint16_t se, uint64_t sig) {
  memcpy(p, &sig, 8);
  memcpy(p + 8, &se, 2);
}

static uint64_t randomSig(void) {
  uint64_t s = rnd();
  switch (rnd() % 12) {
    case 0: s = 0; break;
    case 1: s = ~0ull; break;
    case 2: s = 1ull << (rnd() & 63); break;
    case 3: s = ~(1ull << (rnd() & 63)); break;
    case 4: s = ~0ull << (rnd() & 63); break;
    case 5: s <<= rnd() & 63; break;
    case 6: s = (s & ~0x7ffull) | 0x400 | (rnd() & 1); break;
    case 7: s = (s & ~0xffffffffffull) | 0x8000000000ull | (rnd() & 1); break;
    case 8: s = ~0ull >> (rnd() & 63); break;
  }
  return s | 1ull << 63;
}

static void randomValue(uint8_t *p, int near) {
  uint64_t sig = randomSig();
  int exp;
  switch (rnd() % 16) {
    case 0: exp = rnd() & 0x7fff; break;
    case 1: exp = rnd() % 70; break;
    case 2: exp = 0x7ffe - rnd() % 70; break;
    case 3: exp = 0x3fff - 0x3ff + (int)(rnd() % 70) - 65; break;
    case 4: exp = 0x3fff + 0x3ff + (int)(rnd() % 6) - 3; break;
    case 5: exp = 0x3fff - 127 + (int)(rnd() % 40) - 30; break;
    case 6: exp = 0x3fff + 127 + (int)(rnd() % 6) - 3; break;
    case 7: exp = 0x3fff + rnd() % 66; break;
    case 8: exp = 0x3fff - 66 + rnd() % 132; break;
    default: exp = near + (int)(rnd() % 140) - 70; break;
  }
  if (exp < 0) exp = 0;
  if (exp > 0x7ffe) exp = 0x7ffe;
  if (exp == 0 && rnd() % 8) sig >>= rnd() & 63;
  switch (rnd() % 60) {
    case 0: exp = 0x7fff; sig = 1ull << 63; break;
    case 1: exp = 0x7fff; break;
    case 2: exp = 0x7fff; sig |= 0xc000000000000000ull; break;
    case 3: exp = 0; sig = 0; break;
    case 4: sig &= ~(1ull << 63); break;
    case 5: exp = 0; break;
    case 6: exp = 0; sig >>= 1 + (rnd() & 31); break;
  }
  put(p, exp | (rnd() & 1) << 15, sig);
}

static const struct { uint16_t se; uint64_t sig; } EDGES[] = {
  {0, 0}, {0, 1}, {0, 0x7fffffffffffffff}, {0, 0x8000000000000000}, {0, 0xffffffffffffffff}, {1, 0x8000000000000000},
  {1, 0xffffffffffffffff}, {0x3fff, 0x8000000000000000}, {0x3fff, 0x8000000000000001}, {0x3fff, 0xffffffffffffffff},
  {0x3ffe, 0x8000000000000000}, {0x3ffe, 0xffffffffffffffff}, {0x4000, 0x8000000000000000}, {0x4000, 0xc000000000000000},
  {0x4000, 0xc90fdaa22168c235}, {0x3ffe, 0xb504f333f9de6484}, {0x3ffd, 0x95f619980c4336f7}, {0x403d, 0xffffffffffffffff},
  {0x403e, 0x8000000000000000}, {0x403e, 0xffffffffffffffff}, {0x403f, 0x8000000000000000}, {0x400e, 0x8000000000000000},
  {0x400d, 0xffff000000000000}, {0x401e, 0x8000000000000000}, {0x401d, 0xffffffff00000000}, {0x403a, 0xde0b6b3a763fffff},
  {0x407e, 0xffffff8000000000}, {0x43fe, 0xfffffffffffffc00}, {0x3f81, 0x8000000000000000}, {0x3c01, 0x8000000000000000},
  {0x3f6a, 0x8000000000000000}, {0x3bcd, 0x8000000000000001}, {0x3fbf, 0x8000000000000000}, {0x7ffe, 0x8000000000000000},
  {0x7ffe, 0xffffffffffffffff}, {0x7fff, 0x8000000000000000}, {0x7fff, 0x8000000000000001}, {0x7fff, 0xbfffffffffffffff},
  {0x7fff, 0xc000000000000000}, {0x7fff, 0xc000000000000001}, {0x7fff, 0xffffffffffffffff}, {0x7fff, 0x4000000000000000},
  {0x7fff, 0}, {0x3fff, 0x4000000000000000}, {0x0001, 0x7fffffffffffffff}, {0x3fff, 0},
};
#define NEDGES (sizeof EDGES / sizeof EDGES[0])

static void edgeValue(uint8_t *p) {
  int i = rnd() % NEDGES;
  put(p, EDGES[i].se | (rnd() & 1) << 15, EDGES[i].sig);
}

static int around(int op, int which) {
  if (op >= FIST16 && op <= FISTTP64) return 0x3fff + (int)(rnd() % 70) - 2;
  if (op == FST32 || op == FST64) return 0x3fff + (int)(rnd() % 2200) - 1100;
  if (op == FBSTP) return 0x3fff + 30;
  if (op == RNDINT) return 0x3fff + 20;
  if (op == F2XM1 || op == FYL2XP1) return 0x3fff - 70;
  if (op >= FSIN && op <= FPTAN) return 0x3fff - 5;
  if (op == SCALE && which == 1) return 0x3fff + 7;
  return -1;
}

/* f2xm1 and fyl2xp1 are only defined on part of the line */
static int defined(const Record *rec) {
  uint16_t se;
  uint64_t sig;
  memcpy(&sig, rec->a, 8);
  memcpy(&se, rec->a + 8, 2);
  int exp = se & 0x7fff;
  if (exp == 0x7fff || (exp && !(sig >> 63))) return 1;
  if (rec->op == F2XM1) return exp < 0x3fff || (exp == 0x3fff && sig == 1ull << 63);
  if (rec->op == FYL2XP1) return exp < 0x3ffd || (exp == 0x3ffd && sig <= 0x95f619980c4336f7ull);
  return 1;
}

int main(int argc, char **argv) {
  int edge = argc > 1 && !strcmp(argv[1], "edge");
  state = argc > 2 ? strtoull(argv[2], 0, 0) : 1;
  long count = argc > 3 ? atol(argv[3]) : 1000;
  int only = argc > 4 ? atoi(argv[4]) : -1;
  int last = argc > 5 ? atoi(argv[5]) : only;
  static const uint16_t PCS[4] = {0x300, 0x300, 0x200, 0x000};
  for (long i = 0; i < count; i++) {
    Record rec;
    memset(&rec, 0, sizeof rec);
    rec.op = only >= 0 ? only + i % (last - only + 1) : i % OPS;
    rec.cw = 0x7f | PCS[rnd() & 3] | (rnd() & 3) << 10;
    if (rnd() % 10 == 0) rec.cw &= ~(rnd() & 0x3f);
    if (rec.op >= F2XM1 && rnd() % 2) rec.cw = 0x37f;
    do {
      if (edge) {
        edgeValue(rec.a);
        edgeValue(rec.b);
      } else {
        int near = around(rec.op, 0);
        if (near < 0) near = rnd() % 2 ? 0x3fff : (int)(rnd() & 0x7fff);
        randomValue(rec.a, near);
        int second = around(rec.op, 1);
        if (second >= 0) near = second;
        randomValue(rec.b, near);
      }
      if (rec.op == FBLD) {
        uint64_t digits = 0;
        for (int d = 0; d < 16; d++) digits = digits << 4 | rnd() % 10;
        if (rnd() % 4 == 0) digits >>= 4 * (rnd() & 15);
        if (rnd() % 16 == 0) digits = 0;
        put(rec.a, (rnd() & 1) << 15 | (rnd() & 1 ? (rnd() % 10) << 4 | rnd() % 10 : 0), digits);
      } else if (rec.op == FLD32 || rec.op == FLD64 || rec.op == FILD64) {
        uint64_t v = rnd();
        switch (rnd() % 8) {
          case 0: v &= rec.op == FLD32 ? 0x807fffffull : 0x800fffffffffffffull; break;
          case 1: v |= rec.op == FLD32 ? 0x7f800000ull : 0x7ff0000000000000ull; break;
          case 2: v = (int64_t)v >> (rnd() & 63); break;
          case 3: v = 1ull << (rnd() & 63); break;
        }
        put(rec.a, 0, v);
      }
    } while (!defined(&rec));
    int memory = rec.op >= FIST16 && rec.op <= FBSTP;
    if (memory || rec.op == SQRT || rec.op == RNDINT || rec.op == XTRACT || rec.op == XAM || (rec.op >= ABS && rec.op <= F2XM1) ||
        (rec.op >= FSIN && rec.op <= FPTAN)) {
      memset(rec.b, 0, 10);
    }
    execute(&rec);
    fwrite(&rec, sizeof rec, 1, stdout);
  }
  return 0;
}
