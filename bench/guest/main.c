/*
 * The guest's only program: init when it is process 1, and each benchmark program in a process of its own.
 *
 * Over the serial line (in the host's case, over standard input and output) the harness says
 *   run PROGRAM ROUNDS
 * and hears, a line each, as short as can be because a UART takes its time over them:
 *   READY                      once, when commands are taken
 *   B                          the fresh process begins its rounds
 *   E CHECKSUM NANOSECONDS     it has done them; the time is the guest's own (CLOCK_MONOTONIC)
 *   F REASON                   instead of E: something is wrong
 *   D STATUS                   the process is gone, with this wait status
 */
#include "bench.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SERIAL_LINE "/dev/ttyS0"
#define LONGEST_LINE 128

static void say(const char *format, ...)
{
    char line[LONGEST_LINE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (int at = 0; at < length;) {
        ssize_t written = write(STDOUT_FILENO, line + at, length - at);
        if (written <= 0) _exit(1);
        at += written;
    }
}

void fail(const char *why)
{
    say("F %s\n", why);
    _exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static const struct program *find_program(const char *name)
{
    for (const struct program *program = programs; program->name; program++)
        if (strcmp(program->name, name) == 0) return program;
    fail("no such program");
}

/* A process of its own: does the rounds between two marks. */
static int run_program(const char *name, unsigned long rounds)
{
    const struct program *program = find_program(name);
    say("B\n");
    uint64_t started = now_ns();
    uint32_t first = program->round();
    for (unsigned long round = 1; round < rounds; round++)
        if (program->round() != first) fail("a round's checksum differs from the first one's");
    uint64_t ended = now_ns();
    say("E %08x %llu\n", first, (unsigned long long)(ended - started));
    return 0;
}

/* As a shell would: fork, exec, wait. */
static void carry_out(char *self, char *command)
{
    char name[LONGEST_LINE], rounds[LONGEST_LINE];
    if (sscanf(command, "run %100s %100s", name, rounds) != 2) {
        say("F not a command\nD 0\n");
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {self, "run", name, rounds, NULL};
        execv(self, arguments);
        fail("exec does not work");
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) say("F fork or wait does not work\n");
    say("D %d\n", status);
}

static int serve(char *self)
{
    char line[LONGEST_LINE];
    say("READY\n");
    while (fgets(line, sizeof line, stdin)) carry_out(self, line);
    return 0;
}

/* No echo, no translation, no waiting for a carrier. */
static void open_serial_line(void)
{
    struct termios settings;
    int line = open(SERIAL_LINE, O_RDWR | O_NOCTTY);
    if (line < 0) return; /* standard input and output stay the console's */
    tcgetattr(line, &settings);
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL;
    tcsetattr(line, TCSANOW, &settings);
    for (int descriptor = 0; descriptor <= 2; descriptor++) dup2(line, descriptor);
    if (line > 2) close(line);
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "run") == 0)
        return run_program(arguments[2], strtoul(arguments[3], NULL, 10));
    if (getpid() == 1) {
        open_serial_line();
        serve(arguments[0]);
        for (;;) pause();
    }
    if (count == 2 && strcmp(arguments[1], "serve") == 0) return serve(arguments[0]);
    fprintf(stderr, "usage: %s serve | run PROGRAM ROUNDS\n", arguments[0]);
    return 2;
}
