// Executes MMX, SSE and SSE2 encodings on the host CPU: inputs of inputs.ts from stdin, what they did to stdout.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

typedef struct {
  uint8_t length, code[15];
  uint8_t xmm1[16], xmm2[16];
  uint64_t mm1, mm2, rcx, rdx;
  uint8_t memory[16];
  uint32_t mxcsr, pad[7];
} In;
typedef struct {
  uint8_t xmm1[16], xmm2[16];
  uint64_t mm1, mm2, rcx, rdx;
  uint8_t memory[16];
  uint32_t mxcsr, flags, fault;
  uint8_t tags, top;
  uint16_t mm1_exponent;
  uint32_t pad[8];
} Out;
typedef struct { In in; Out out; } Record;

static uint8_t *code;
static volatile int fault, length;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *u = context;
  fault = sig == SIGFPE ? 19 : sig == SIGILL ? 6 : 13;
  u->uc_mcontext.gregs[REG_RIP] = (greg_t)(code + length);
}

static void run(Record *r) {
  static uint8_t image[512] __attribute__((aligned(16))), after[512] __attribute__((aligned(16))), data[16] __attribute__((aligned(16)));
  memset(image, 0, 512);
  image[0] = 0x7f; image[1] = 3;
  image[3] = 3 << 3; // TOP 3
  memcpy(image + 24, &r->in.mxcsr, 4);
  memcpy(image + 32 + 6 * 16, &r->in.mm1, 8); // physical 1 is ST(6)
  memcpy(image + 32 + 7 * 16, &r->in.mm2, 8);
  memcpy(image + 160 + 16, r->in.xmm1, 16);
  memcpy(image + 160 + 32, r->in.xmm2, 16);
  memcpy(data, r->in.memory, 16);
  memcpy(code, r->in.code, r->in.length);
  code[r->in.length] = 0xc3;
  length = r->in.length;
  fault = 0;
  uint64_t rcx = r->in.rcx, rdx = r->in.rdx, flags;
  register uint64_t target asm("r9") = (uint64_t)code;
  register uint8_t *from asm("r10") = image, *to asm("r11") = after;
  asm volatile("sub $128, %%rsp\n fxrstor64 (%%r10)\n pushq $0x202\n popfq\n call *%%r9\n fxsave64 (%%r11)\n pushfq\n popq %%rax\n add $128, %%rsp\n"
               : "+c"(rcx), "+d"(rdx), "=&a"(flags), "+r"(target), "+r"(from), "+r"(to) : "D"(data)
               : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7");
  asm volatile("emms\n fninit\n ldmxcsr %0" : : "m"((uint32_t){0x1f80}));
  uint32_t top = (after[3] >> 3) & 7;
  memcpy(&r->out.mm1, after + 32 + ((1 - top) & 7) * 16, 8);
  memcpy(&r->out.mm1_exponent, after + 32 + ((1 - top) & 7) * 16 + 8, 2);
  memcpy(&r->out.mm2, after + 32 + ((2 - top) & 7) * 16, 8);
  memcpy(r->out.xmm1, after + 160 + 16, 16);
  memcpy(r->out.xmm2, after + 160 + 32, 16);
  memcpy(&r->out.mxcsr, after + 24, 4);
  memcpy(r->out.memory, data, 16);
  r->out.rcx = rcx; r->out.rdx = rdx;
  r->out.flags = flags & 0x8d5;
  r->out.fault = fault;
  r->out.tags = after[4]; r->out.top = top;
}

int main(void) {
  static char stack[65536];
  code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, 0);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGILL, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  Record r;
  while (fread(&r.in, sizeof r.in, 1, stdin) == 1) {
    memset(&r.out, 0, sizeof r.out);
    run(&r);
    fwrite(&r.out, sizeof r.out, 1, stdout);
  }
  return 0;
}
