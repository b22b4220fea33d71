/* What a kernel does for its processes: system calls, new processes, switches between two, page faults. */
#define _GNU_SOURCE
#include "bench.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 500
#define TRIPS 20
#define PAGES 256
#define PAGE_BYTES 4096

/* As short as a system call can be. */
uint32_t syscall_round(void)
{
    long parent = syscall(SYS_getppid);
    uint32_t same = 0;
    for (int i = 0; i < CALLS; i++) same += syscall(SYS_getppid) == parent;
    return same;
}

uint32_t fork_round(void)
{
    pid_t child = fork();
    if (child == 0) _exit(42);
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) fail("fork or wait does not work");
    return WEXITSTATUS(status);
}

static int to_child[2], to_parent[2];

/* The other end: gives back each byte, plus one. It ends when its parent does, for then the pipe is closed. */
static void echo(void)
{
    unsigned char byte;
    close(to_child[1]);
    close(to_parent[0]);
    while (read(to_child[0], &byte, 1) == 1) {
        byte++;
        if (write(to_parent[1], &byte, 1) != 1) break;
    }
    _exit(0);
}

static void start_echo(void)
{
    static int started;
    if (started) return;
    started = 1;
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) fail("no pipe");
    pid_t child = fork();
    if (child < 0) fail("fork does not work");
    if (child == 0) echo();
    close(to_child[0]);
    close(to_parent[1]);
}

/* A byte there and back: four system calls and two switches of process. */
uint32_t pipe_round(void)
{
    uint32_t sum = 0;
    start_echo();
    for (int i = 0; i < TRIPS; i++) {
        unsigned char byte = i;
        if (write(to_child[1], &byte, 1) != 1 || read(to_parent[0], &byte, 1) != 1) fail("the pipe is broken");
        sum = mix(sum, byte);
    }
    return sum;
}

/* Pages that are mapped, touched and given back. Huge ones would make it one fault. */
uint32_t faults_round(void)
{
    unsigned char *pages =
        mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) fail("mmap does not work");
    madvise(pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
    for (int i = 0; i < PAGES; i++) pages[i * PAGE_BYTES + i] = i;
    uint32_t sum = 0;
    for (int i = 0; i < PAGES; i++) sum = mix(sum, pages[i * PAGE_BYTES + i] + pages[i * PAGE_BYTES + PAGE_BYTES / 2 + i]);
    munmap(pages, PAGES * PAGE_BYTES);
    return sum;
}
