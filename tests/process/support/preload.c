/* Loaded into the program by LD_PRELOAD: moves its wall clock and delays what it syncs to disk, by
 * as much as the file in FAULTS_FILE says at that moment (two 64-bit numbers of milliseconds), and
 * writes down in the file of FAULTS_JOURNAL what it does to its database (struct record, data). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct faults {
  volatile int64_t clock_ms;
  volatile int64_t sync_ms;
};

enum kind { WRITE = 1, SYNC = 2, TRUNCATE = 3 };
enum file { OTHER = 0, DATABASE = 1, LOG = 2 };

struct record {
  int64_t kind, file, offset, length;
};

static struct faults none;
static struct faults *faults = &none;

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate64)(int, off64_t);
static int journal = -1;

__attribute__((constructor)) static void prepare(void) {
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
  const char *journal_path = getenv("FAULTS_JOURNAL");
  if (journal_path) journal = open(journal_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
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

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), least = strlen(end);
  return length >= least && strcmp(text + length - least, end) == 0;
}

static enum file file_of(int file) {
  char link[32], path[4096];
  if (journal < 0) return OTHER;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return OTHER;
  path[length] = 0;
  if (ends_with(path, "/ocpp-proxy.db")) return DATABASE;
  return ends_with(path, "/ocpp-proxy.db-wal") ? LOG : OTHER;
}

static void note(enum kind kind, int file, int64_t offset, int64_t length, const void *data) {
  struct record record = {kind, file_of(file), offset, length};
  if (record.file == OTHER) return;
  struct iovec parts[] = {{&record, sizeof record}, {(void *)data, kind == WRITE ? length : 0}};
  if (writev(journal, parts, 2) < 0) abort();
}

int fsync(int file) {
  stall();
  int result = real_fsync(file);
  if (result == 0) note(SYNC, file, 0, 0, NULL);
  return result;
}

int fdatasync(int file) {
  stall();
  int result = real_fdatasync(file);
  if (result == 0) note(SYNC, file, 0, 0, NULL);
  return result;
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  ssize_t written = real_pwrite64(file, data, length, offset);
  if (written > 0) note(WRITE, file, offset, written, data);
  return written;
}

int ftruncate64(int file, off64_t length) {
  int result = real_ftruncate64(file, length);
  if (result == 0) note(TRUNCATE, file, 0, length, NULL);
  return result;
}
