/* Loaded into the program by LD_PRELOAD: moves its wall clock and delays what it syncs to disk, by
 * as much as the file in FAULTS_FILE says at that moment (two 64-bit numbers of milliseconds). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
  volatile int64_t clock_ms;
  volatile int64_t sync_ms;
};

static struct faults none;
static struct faults *faults = &none;

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void prepare(void) {
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  const char *path = getenv("FAULTS_FILE");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) faults = page;
  close(file);
}

int clock_gettime(clockid_t id, struct timespec *now) {
  /* Other libraries may ask before ours is prepared. */
  if (!real_clock_gettime) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock_gettime(id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += faults->clock_ms / 1000;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  if (!real_gettimeofday) real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real_gettimeofday(now, zone);
  now->tv_sec += faults->clock_ms / 1000;
  return result;
}

static void stall(void) {
  if (faults->sync_ms > 0) usleep((useconds_t)faults->sync_ms * 1000);
}

int fsync(int file) {
  stall();
  return real_fsync(file);
}

int fdatasync(int file) {
  stall();
  return real_fdatasync(file);
}
