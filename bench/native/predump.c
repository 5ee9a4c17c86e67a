// Measures on the machine it runs on what `mmulate run predump` simulates: rounds of random writes to watched pages,
// and of finding them. One line: tracker, pages, fraction, ns per written page, ns per page collected, pages found
// (medians of 11 rounds; in brackets the least).
//
//   cc -O2 -pthread predump.c -o predump
//   chrt -f 50 taskset -c 0 ./predump mprotect|uffd-sync|uffd-async PAGES FRACTION [ordered]
//
// It needs a userfaultfd that may watch the kernel's accesses (root, or vm.unprivileged_userfaultfd=1).
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef PAGEMAP_SCAN
struct page_region { uint64_t start, end, categories; };
struct pm_scan_arg {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PM_SCAN_WP_MATCHING 1
#define PM_SCAN_CHECK_WPASYNC 2
#define PAGE_IS_WRITTEN 2
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

enum { PAGE = 4096, ROUNDS = 11, REGIONS = 4096 };

static char *memory;
static size_t pages, length;
static volatile long found;
static int uffd, pagemap;

static void need(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}

static uint32_t seed = 12345;
static uint32_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}

static char *page_of(uint64_t address) { return (char *)(uintptr_t)(address & ~(uint64_t)(PAGE - 1)); }

static void on_segv(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  found++;
  if (mprotect(page_of((uintptr_t)info->si_addr), PAGE, PROT_READ | PROT_WRITE)) _exit(3);
}

static void open_uffd(uint64_t features) {
  uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  struct uffdio_api api = {.api = UFFD_API, .features = features};
  need(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api), "userfaultfd");
  struct uffdio_register range = {.range = {(uintptr_t)memory, length}, .mode = UFFDIO_REGISTER_MODE_WP};
  need(!ioctl(uffd, UFFDIO_REGISTER, &range), "register");
}

static void write_protect(char *start, size_t bytes, int on) {
  struct uffdio_writeprotect range = {.range = {(uintptr_t)start, bytes}, .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0};
  need(!ioctl(uffd, UFFDIO_WRITEPROTECT, &range), "write-protect");
}

static void *monitor(void *unused) {
  struct uffd_msg message;
  struct pollfd wait = {uffd, POLLIN, 0};
  for (;;) {
    poll(&wait, 1, -1);
    while (read(uffd, &message, sizeof message) == sizeof message) {
      found++;
      write_protect(page_of(message.arg.pagefault.address), PAGE, 0);
    }
  }
  return unused;
}

static long scan(void) {
  static struct page_region regions[REGIONS];
  struct pm_scan_arg scan = {
      .size = sizeof scan, .flags = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
      .start = (uintptr_t)memory, .end = (uintptr_t)memory + length,
      .vec = (uintptr_t)regions, .vec_len = REGIONS,
      .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN};
  long written = 0;
  for (; scan.start < scan.end; scan.start = scan.walk_end) {
    long count = ioctl(pagemap, PAGEMAP_SCAN, &scan);
    need(count >= 0, "PAGEMAP_SCAN");
    for (long i = 0; i < count; i++) written += (regions[i].end - regions[i].start) / PAGE;
  }
  return written;
}

int main(int count, char **words) {
  need(count >= 4, "usage: predump mprotect|uffd-sync|uffd-async PAGES FRACTION [ordered]");
  int by_mprotect = !strcmp(words[1], "mprotect"), by_scan = !strcmp(words[1], "uffd-async");
  pages = strtoul(words[2], 0, 0);
  length = pages * PAGE;
  size_t written = pages * atof(words[3]);
  uint32_t *order = malloc(pages * sizeof *order);
  for (size_t i = 0; i < pages; i++) order[i] = i;
  memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(memory != MAP_FAILED && written > 0, "memory");
  madvise(memory, length, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < pages; i++) memory[i * PAGE] = 1;
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  if (by_mprotect) {
    mprotect(memory, length, PROT_READ);
  } else if (by_scan) {
    open_uffd(UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED);
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    scan();
  } else {
    pthread_t thread;
    open_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
    write_protect(memory, length, 1);
    pthread_create(&thread, 0, monitor, 0);
  }
  double writing[ROUNDS], collecting[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; count == 4 && i < written; i++) {
      size_t j = i + next() % (pages - i);
      uint32_t held = order[i];
      order[i] = order[j], order[j] = held;
    }
    found = 0;
    double start = now();
    for (size_t i = 0; i < written; i++) (*(volatile char *)(memory + (size_t)order[i] * PAGE))++;
    double middle = now();
    if (by_mprotect) mprotect(memory, length, PROT_READ);
    else if (by_scan) found = scan();
    else write_protect(memory, length, 1);
    collecting[round] = (now() - middle) / pages;
    writing[round] = (middle - start) / written;
  }
  qsort(writing, ROUNDS, sizeof *writing, compare);
  qsort(collecting, ROUNDS, sizeof *collecting, compare);
  printf("%s %zu %s  write %.1f [%.1f]  collect %.2f [%.2f]  found %ld\n", words[1], pages, words[3],
         writing[ROUNDS / 2], writing[0], collecting[ROUNDS / 2], collecting[0], found);
  return 0;
}
