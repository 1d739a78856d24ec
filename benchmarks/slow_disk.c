/* Makes a commit take as long as on a disk across a network: fdatasync and fsync do their work and then wait until
   SLOW_COMMIT_MS have passed since they were called. Loaded into the server by LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int slowed(const char *name, int file)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int done = sync(file);
    int problem = errno;
    const char *given = getenv("SLOW_COMMIT_MS");
    long nanoseconds = until.tv_nsec + (long)(1e6 * atof(given ? given : "0"));
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    errno = problem;
    return done;
}

int fdatasync(int file) { return slowed("fdatasync", file); }
int fsync(int file) { return slowed("fsync", file); }
