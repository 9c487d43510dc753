/* A wall clock that can be set for some processes alone. Preloaded, it adds the seconds that the shared file TIEOUT_CHAOS_CLOCK holds
   to what the kernel says; monotonic clocks, sleeps and timeouts stay the kernel's, as they do when a real clock is set. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long *offset;

__attribute__((constructor)) static void find_the_file(void)
{
    const char *name = getenv("TIEOUT_CHAOS_CLOCK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *seen = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (seen != MAP_FAILED)
        offset = seen;
    close(file);
}

int clock_gettime(clockid_t which, struct timespec *at)
{
    int code = (int)syscall(SYS_clock_gettime, which, at);
    if (code == 0 && offset && which == CLOCK_REALTIME)
        at->tv_sec += *offset;
    return code;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    int code = (int)syscall(SYS_gettimeofday, at, zone);
    if (code == 0 && offset && at)
        at->tv_sec += *offset;
    return code;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
