/*
 * Runs the cases of an instruction test on the host CPU (generate.ts builds and calls it, for x86-64 and with -m32).
 *
 *   host < cases > results
 *
 * Each case ends in HLT, which faults in user mode. The whole run is a chain of signals: the handler takes the result of a case
 * from the signal frame, puts the next case's state into the frame, and returns into it. Formats: caseFile.ts.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x20000000u
#define CODE_SIZE 0x2000u
static const struct { uint32_t base, size; int prot; } regions[] = {
    {0x20010000u, 0x2000u, PROT_READ | PROT_WRITE},
    {0x20014000u, 0x1000u, PROT_READ | PROT_WRITE}, /* made read-only for each case */
    {0x20020000u, 0x1000u, PROT_READ | PROT_WRITE},
};
#define REGIONS 3
#define READ_ONLY_REGION 1
#define IMAGE_SIZE 0x4000u

struct header { uint32_t at, flags; uint16_t overrides; uint8_t code_length, has_fx; uint32_t pad; uint64_t registers[16]; };
struct result { uint64_t registers[16]; uint64_t rip, flags, cr2; uint32_t vector, error, runs, has_fx; };

static uint8_t *input, *input_end, *background;
static uint8_t expected[IMAGE_SIZE];
static uint8_t *output;
static size_t output_used, output_size;
static uint32_t remaining;
static int started, last_has_fx;

static void emit(const void *bytes, size_t length) {
  if (output_used + length > output_size) {
    fprintf(stderr, "output too small\n");
    _exit(1);
  }
  memcpy(output + output_used, bytes, length);
  output_used += length;
}

static void finish(void) {
  size_t at = 0;
  while (at < output_used) {
    ssize_t n = write(1, output + at, output_used - at);
    if (n <= 0) _exit(1);
    at += n;
  }
  _exit(0);
}

#ifdef __x86_64__
static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#define COUNT 16
#define IP REG_RIP
#define CR2(u) (u)->uc_mcontext.gregs[REG_CR2]
typedef uint64_t word;
static uint8_t *fx_area(ucontext_t *u) { return (uint8_t *)u->uc_mcontext.fpregs; }
#else
static const int order[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#define COUNT 8
#define IP REG_EIP
#define CR2(u) (u)->uc_mcontext.cr2
typedef uint32_t word;
/* struct _fpstate: the FSAVE image and a status word come before the FXSAVE image. */
static uint8_t *fx_area(ucontext_t *u) { return (uint8_t *)u->uc_mcontext.fpregs + 112; }
#endif

static void record(ucontext_t *u) {
  struct result r;
  uint32_t i, start = 0, run_at = output_used + sizeof r;
  memset(&r, 0, sizeof r);
  for (i = 0; i < COUNT; i++) r.registers[i] = (word)u->uc_mcontext.gregs[order[i]];
  r.rip = (word)u->uc_mcontext.gregs[IP];
  r.flags = (word)u->uc_mcontext.gregs[REG_EFL];
  r.cr2 = (word)CR2(u);
  r.vector = u->uc_mcontext.gregs[REG_TRAPNO];
  r.error = u->uc_mcontext.gregs[REG_ERR];
  r.has_fx = last_has_fx;
  size_t header_at = output_used;
  emit(&r, sizeof r);
  if (last_has_fx) emit(fx_area(u), 512);
  for (i = 0; i < REGIONS; i++) {
    const uint8_t *now = (const uint8_t *)(uintptr_t)regions[i].base;
    const uint8_t *then = expected + start;
    uint32_t j = 0;
    while (j < regions[i].size) {
      uint32_t from, address, length;
      if (now[j] == then[j]) {
        j++;
        continue;
      }
      from = j;
      while (j < regions[i].size && now[j] != then[j]) j++;
      address = regions[i].base + from;
      length = j - from;
      emit(&address, 4);
      emit(&length, 4);
      emit(now + from, length);
      r.runs++;
    }
    start += regions[i].size;
  }
  (void)run_at;
  memcpy(output + header_at, &r, sizeof r);
}

static void load_fx(ucontext_t *u, const uint8_t *fx) {
  uint8_t *area = fx_area(u);
  uint32_t i;
  memcpy(area, fx, 28); /* not the MXCSR mask */
  memcpy(area + 32, fx + 32, 384);
  memcpy(&i, area + 464, 4);
  if (i == 0x46505853) area[512] |= 3; /* XSTATE_BV: x87 and SSE are there */
#ifndef __x86_64__
  /* The kernel takes the x87 part from the FSAVE image. */
  uint8_t *env = (uint8_t *)u->uc_mcontext.fpregs;
  uint32_t full = 0xffff0000u, top = (fx[3] >> 3) & 7;
  for (i = 0; i < 8; i++)
    if (!((fx[4] >> i) & 1)) full |= 3u << (2 * i);
  uint32_t words[7] = {0xffff0000u | fx[0] | fx[1] << 8, 0xffff0000u | fx[2] | fx[3] << 8, full, 0, 0, 0, 0xffff0000u};
  memcpy(env, words, 28);
  for (i = 0; i < 8; i++) memcpy(env + 28 + 10 * i, fx + 32 + 16 * i, 10);
  (void)top;
#endif
}

static void next(ucontext_t *u) {
  struct header h;
  const uint8_t *fx = NULL;
  uint32_t i, start = 0;
  if (remaining-- == 0) finish();
  memcpy(&h, input, sizeof h);
  input += sizeof h;
  if (h.has_fx) {
    fx = input;
    input += 512;
  }
  memset((void *)CODE, 0xf4, CODE_SIZE);
  memcpy((void *)(uintptr_t)h.at, input, h.code_length);
  input += h.code_length;
  memcpy(expected, background, IMAGE_SIZE);
  for (i = 0; i < h.overrides; i++) {
    uint32_t offset;
    uint16_t length;
    memcpy(&offset, input, 4);
    memcpy(&length, input + 4, 2);
    memcpy(expected + offset, input + 6, length);
    input += 6 + length;
  }
  for (i = 0; i < REGIONS; i++) {
    void *base = (void *)(uintptr_t)regions[i].base;
    if (i == READ_ONLY_REGION) mprotect(base, regions[i].size, PROT_READ | PROT_WRITE);
    memcpy(base, expected + start, regions[i].size);
    if (i == READ_ONLY_REGION) mprotect(base, regions[i].size, PROT_READ);
    start += regions[i].size;
  }
  for (i = 0; i < COUNT; i++) u->uc_mcontext.gregs[order[i]] = h.registers[i];
  u->uc_mcontext.gregs[IP] = h.at;
  u->uc_mcontext.gregs[REG_EFL] = h.flags;
#ifndef __x86_64__
  u->uc_mcontext.gregs[REG_DS] = u->uc_mcontext.gregs[REG_ES] = 0x2b;
#endif
  if (fx) load_fx(u, fx);
  last_has_fx = h.has_fx;
}

static void handler(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
#ifdef __x86_64__
  __asm__ volatile("pushfq\n andl $~0x40000, (%%rsp)\n popfq" ::: "memory", "cc"); /* AC off */
#else
  __asm__ volatile("pushfl\n andl $~0x40000, (%%esp)\n popfl" ::: "memory", "cc");
#endif
  if (started) record(context);
  started = 1;
  next(context);
}

int main(void) {
  static uint8_t buffer[1 << 16];
  size_t used = 0, size = 1 << 20;
  ssize_t n;
  uint32_t i;
  uint8_t *all = malloc(size);
  while ((n = read(0, buffer, sizeof buffer)) > 0) {
    if (used + n > size) all = realloc(all, size *= 2);
    memcpy(all + used, buffer, n);
    used += n;
  }
  memcpy(&remaining, all, 4);
  background = all + 4;
  input = background + IMAGE_SIZE;
  input_end = all + used;
  output_size = (size_t)remaining * (sizeof(struct result) + 512) + (64u << 20);
  output = malloc(output_size);
  if (mmap((void *)CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return 1;
  for (i = 0; i < REGIONS; i++)
    if (mmap((void *)(uintptr_t)regions[i].base, regions[i].size, regions[i].prot, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return 1;
  stack_t alternate = {.ss_sp = malloc(1 << 17), .ss_size = 1 << 17};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS};
  for (i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
  alarm(120);
  __asm__ volatile("ud2");
  return 1;
}
