// What this machine can do at most: products per second of registers that never leave the
// processor, and bytes per second read from memory. Shares nothing with Gaze, so that Gaze can
// be held against it.
//
//     cc -O2 -pthread peaks.c -o peaks && ./peaks [THREADS]
//
// Prints one line of JSON per figure, for 1 thread and for THREADS (all processors by default):
//
//     {"figure":"f32","threads":1,"unit":"GF/s","value":118.2,"instruction":"vfmadd231ps zmm"}
//
// A multiply with an add counts as two operations. `value` is null where the machine has no such
// instruction. Arithmetic is the best of many repeats of less than a millisecond: other programs
// can only make a repeat slower. Memory is not: whoever shares it leaves moments at nearly twice
// its usual rate, which nothing that runs for longer can have. Its figure is the upper quartile of
// the repeats, the median of the better of the two ways in which it is read.

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { MAX_THREADS = 1024, MAX_REPEATS = 4095 };
/// Steps of one repeat: a quarter of a millisecond where an instruction starts in every cycle.
static const int64_t STEPS = 1 << 16;
/// Seconds that a figure takes on one thread. On all it takes twice that, for on a busy machine
/// they rarely run at once; everything together, with the filling of a buffer, makes three.
static const double FIGURE_SECONDS = 0.19;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// MARK: arithmetic
// Sixteen sums (twelve where there are sixteen registers) that do not wait for each other cover
// the latency of the instruction on every pipe. HIDE emits nothing: it keeps a compiler from
// seeing that the operands never change, and a sum in one register.

#define TWELVE(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define SIXTEEN(DO) TWELVE(DO) DO(12) DO(13) DO(14) DO(15)

/// Where results go, so that they are wanted.
static volatile float sink;

#if defined(__x86_64__)
#define TARGET(FEATURES) __attribute__((target(FEATURES), noinline))
#define HIDE(x) __asm__("" : "+v"(x))

TARGET("avx512f") static void f32_avx512(int64_t steps) {
  __m512 x = _mm512_set1_ps(0.001f), y = _mm512_set1_ps(0.5f);
#define DECLARE(i) __m512 sum##i = _mm512_set1_ps(i);
#define STEP(i) sum##i = _mm512_fmadd_ps(x, y, sum##i); HIDE(sum##i);
#define TOTAL(i) x = _mm512_add_ps(x, sum##i);
  SIXTEEN(DECLARE)
  for (int64_t s = 0; s < steps; s++) {
    SIXTEEN(STEP)
  }
  SIXTEEN(TOTAL)
  sink = _mm512_cvtss_f32(x);
#undef DECLARE
#undef STEP
#undef TOTAL
}

TARGET("avx512f,avx512bf16") static void bf16_avx512(int64_t steps) {
  // 0x3a83 is 0.001 in bf16.
  __m512i x = _mm512_set1_epi16(0x3a83), y = _mm512_set1_epi16(0x3f00);
#define DECLARE(i) __m512 sum##i = _mm512_set1_ps(i);
#define STEP(i) sum##i = _mm512_dpbf16_ps(sum##i, (__m512bh)x, (__m512bh)y); HIDE(sum##i);
#define TOTAL(i) sum0 = _mm512_add_ps(sum0, sum##i);
  SIXTEEN(DECLARE)
  for (int64_t s = 0; s < steps; s++) {
    SIXTEEN(STEP)
  }
  SIXTEEN(TOTAL)
  sink = _mm512_cvtss_f32(sum0);
#undef DECLARE
#undef STEP
#undef TOTAL
}

TARGET("avx512f,avx512vnni") static void int8_avx512(int64_t steps) {
  __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(-2);
#define DECLARE(i) __m512i sum##i = _mm512_set1_epi32(i);
#define STEP(i) sum##i = _mm512_dpbusd_epi32(sum##i, x, y); HIDE(sum##i);
#define TOTAL(i) x = _mm512_add_epi32(x, sum##i);
  SIXTEEN(DECLARE)
  for (int64_t s = 0; s < steps; s++) {
    SIXTEEN(STEP)
  }
  SIXTEEN(TOTAL)
  sink = (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(x));
#undef DECLARE
#undef STEP
#undef TOTAL
}

TARGET("avx2,fma") static void f32_avx2(int64_t steps) {
  __m256 x = _mm256_set1_ps(0.001f), y = _mm256_set1_ps(0.5f);
#define DECLARE(i) __m256 sum##i = _mm256_set1_ps(i);
#define STEP(i) sum##i = _mm256_fmadd_ps(x, y, sum##i); HIDE(sum##i);
#define TOTAL(i) x = _mm256_add_ps(x, sum##i);
  TWELVE(DECLARE)
  for (int64_t s = 0; s < steps; s++) {
    TWELVE(STEP)
  }
  TWELVE(TOTAL)
  sink = _mm256_cvtss_f32(x);
#undef DECLARE
#undef STEP
#undef TOTAL
}

/// Three instructions do what VPDPBUSD does, with sums of pairs that saturate at 16 bits.
TARGET("avx2") static void int8_avx2(int64_t steps) {
  __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(-2), ones = _mm256_set1_epi16(1);
#define DECLARE(i) __m256i sum##i = _mm256_set1_epi32(i);
#define STEP(i) \
  HIDE(x);      \
  sum##i = _mm256_add_epi32(sum##i, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones)); \
  HIDE(sum##i);
#define TOTAL(i) x = _mm256_add_epi32(x, sum##i);
  TWELVE(DECLARE)
  for (int64_t s = 0; s < steps; s++) { TWELVE(STEP) }
  TWELVE(TOTAL)
  sink = (float)_mm_cvtsi128_si32(_mm256_castsi256_si128(x));
#undef DECLARE
#undef STEP
#undef TOTAL
}
#endif

typedef float v4 __attribute__((vector_size(16)));

/// What every processor of the architecture has: fused on arm64, a product and a sum on x86-64.
static void f32_portable(int64_t steps) {
  v4 x = {0.001f, 0.001f, 0.001f, 0.001f}, y = {0.5f, 0.5f, 0.5f, 0.5f};
#if defined(__aarch64__)
#define HIDE_PORTABLE(x) __asm__("" : "+w"(x))
#define EACH SIXTEEN
  enum { SUMS = 16 };
#elif defined(__x86_64__)
#define HIDE_PORTABLE(x) __asm__("" : "+x"(x))
#define EACH TWELVE
#else
#define HIDE_PORTABLE(x) __asm__("" : "+m"(x))
#define EACH TWELVE
#endif
#define DECLARE(i) v4 sum##i = {i, i, i, i};
#define STEP(i)     \
  HIDE_PORTABLE(x); \
  sum##i += x * y;  \
  HIDE_PORTABLE(sum##i);
#define TOTAL(i) x += sum##i;
  EACH(DECLARE)
  for (int64_t s = 0; s < steps; s++) { EACH(STEP) }
  EACH(TOTAL)
  sink = x[0];
#undef DECLARE
#undef STEP
#undef TOTAL
}

// MARK: memory

typedef uint64_t v16 __attribute__((vector_size(16)));

static char *buffer;
static size_t buffer_bytes;

/// Reads `bytes` bytes in `streams` places at once: a processor fetches ahead in each of them,
/// and which count serves it best is its own affair.
static void read_bytes(const char *from, size_t bytes, int streams) {
  size_t part = bytes / (size_t)streams;
  v16 a = {0}, b = {0}, c = {0}, d = {0};
  for (size_t at = 0; at < part; at += 64) {
    for (int s = 0; s < streams; s++) {
      const v16 *line = (const v16 *)(from + (size_t)s * part + at);
      a ^= line[0];
      b ^= line[1];
      c ^= line[2];
      d ^= line[3];
    }
  }
  a ^= b ^ c ^ d;
  sink = (float)(a[0] ^ a[1]);
}

/// The last cache in bytes. The C library's own answer is wrong on some virtual machines.
static size_t last_cache(void) {
  size_t largest = 0;
  for (int index = 0; index < 8; index++) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    size_t kilobytes = 0;
    if (fscanf(file, "%zuK", &kilobytes) == 1 && kilobytes * 1024 > largest) {
      largest = kilobytes * 1024;
    }
    fclose(file);
  }
  return largest ? largest : (size_t)64 << 20;
}

// MARK: repeats

typedef struct {
  /// Does one repeat; null when memory is read.
  void (*work)(int64_t steps);
  /// Operations of one step, or 0.
  double operations;
} figure;

/// Bytes that one thread reads in one repeat.
static const size_t SLICE = 8 << 20;

/// One thread's repeats: `times[n]` is when the first n of them were done.
typedef struct {
  pthread_t thread;
  int index;
  int64_t repeats;
  double times[MAX_REPEATS + 1];
} worker;

static figure current;
static int thread_count;
static double deadline;
static atomic_int arrived;

static void repeat(const worker *w) {
  if (current.work) {
    current.work(STEPS);
    return;
  }
  size_t slice = (size_t)w->repeats * (size_t)thread_count + (size_t)w->index;
  slice %= buffer_bytes / SLICE;
  read_bytes(buffer + slice * SLICE, SLICE, w->repeats % 2 ? 4 : 1);
}

static void *run(void *argument) {
  worker *w = argument;
  atomic_fetch_add(&arrived, 1);
  while (atomic_load(&arrived) < thread_count) sched_yield();
  w->repeats = 0;
  w->times[0] = now();
  while (w->repeats < MAX_REPEATS && w->times[w->repeats] < deadline) {
    repeat(w);
    w->times[++w->repeats] = now();
  }
  return NULL;
}

/// Repeats that a thread had done at `time`; within one, in proportion.
static double progress(const worker *w, double time) {
  int64_t low = 0, high = w->repeats;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (w->times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  if (low == w->repeats) return (double)low;
  double part = (time - w->times[low]) / (w->times[low + 1] - w->times[low]);
  return (double)low + (part > 0 ? part : 0);
}

static int descending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

/// What all threads together did during each repeat of the first: the most of it, or for memory
/// the upper quartile. Nobody waits for anybody: where processors are shared with other programs,
/// the moments in which all threads have one are rare, and a common start would pass them by.
static double peak_rate(const worker *workers) {
  static double rates[MAX_REPEATS];
  int64_t count = workers[0].repeats;
  for (int64_t n = 0; n < count; n++) {
    double start = workers[0].times[n], end = workers[0].times[n + 1], done = 1;
    for (int i = 1; i < thread_count; i++) {
      done += progress(&workers[i], end) - progress(&workers[i], start);
    }
    rates[n] = end > start ? done / (end - start) : 0;
  }
  if (count == 0) return 0;
  qsort(rates, (size_t)count, sizeof *rates, descending);
  return current.work ? rates[0] * current.operations * (double)STEPS / 1e9
                      : rates[count / 4] * (double)SLICE / 1e9;
}

static double measure(figure f, worker *workers, int threads) {
  current = f;
  thread_count = threads;
  deadline = now() + FIGURE_SECONDS * (threads > 1 ? 2 : 1);
  atomic_store(&arrived, 0);
  for (int i = 0; i < threads; i++) {
    workers[i].index = i;
    if (i > 0 && pthread_create(&workers[i].thread, NULL, run, &workers[i])) {
      fprintf(stderr, "peaks: the system refused a thread\n");
      exit(1);
    }
  }
  run(&workers[0]);
  for (int i = 1; i < threads; i++) pthread_join(workers[i].thread, NULL);
  return peak_rate(workers);
}

static void print_figure(const char *name, const char *unit, figure f, const char *instruction,
                         worker *workers, int all) {
  for (int threads = 1;; threads = all) {
    char value[32] = "null";
    if (instruction) snprintf(value, sizeof value, "%.3f", measure(f, workers, threads));
    printf("{\"figure\":\"%s\",\"threads\":%d,\"unit\":\"%s\",\"value\":%s,\"instruction\":", name,
           threads, unit, value);
    if (instruction) printf("\"%s\"}\n", instruction);
    else printf("null}\n");
    fflush(stdout);
    if (threads == all) return;
  }
}

static void print_arithmetic(worker *workers, int all) {
  figure f32 = {f32_portable, 12 * 4 * 2}, bf16 = {NULL, 0}, int8 = {NULL, 0};
  const char *f32_name = "mulps, addps", *bf16_name = NULL, *int8_name = NULL;
#if defined(__aarch64__)
  f32.operations = 16 * 4 * 2;
  f32_name = "fmla";
#elif defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    f32 = (figure){f32_avx2, 12 * 8 * 2};
    f32_name = "vfmadd231ps ymm";
    int8 = (figure){int8_avx2, 12 * 32 * 2};
    int8_name = "vpmaddubsw, vpmaddwd, vpaddd ymm";
  }
  if (__builtin_cpu_supports("avx512f")) {
    f32 = (figure){f32_avx512, 16 * 16 * 2};
    f32_name = "vfmadd231ps zmm";
  }
  if (__builtin_cpu_supports("avx512bf16")) {
    bf16 = (figure){bf16_avx512, 16 * 32 * 2};
    bf16_name = "vdpbf16ps zmm";
  }
  if (__builtin_cpu_supports("avx512vnni")) {
    int8 = (figure){int8_avx512, 16 * 64 * 2};
    int8_name = "vpdpbusd zmm";
  }
#endif
  print_figure("f32", "GF/s", f32, f32_name, workers, all);
  print_figure("bf16", "GF/s", bf16, bf16_name, workers, all);
  print_figure("int8", "Gop/s", int8, int8_name, workers, all);
}

static int print_memory(worker *workers, int all) {
  size_t wanted = 4 * last_cache();
  if (wanted < (size_t)256 << 20) wanted = (size_t)256 << 20;
  if (wanted > (size_t)1 << 30) wanted = (size_t)1 << 30;
  buffer_bytes = wanted / SLICE * SLICE;
  buffer = mmap(NULL, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffer == MAP_FAILED) {
    fprintf(stderr, "peaks: no memory for %zu bytes\n", buffer_bytes);
    return 1;
  }
#if defined(MADV_HUGEPAGE)
  // Fewer pages to look up: what the memory gives, not what the page tables cost.
  madvise(buffer, buffer_bytes, MADV_HUGEPAGE);
#endif
  memset(buffer, 1, buffer_bytes);
  print_figure("memory", "GB/s", (figure){NULL, 0}, "read", workers, all);
  return 0;
}

int main(int count, char **arguments) {
  long all = count > 1 ? strtol(arguments[1], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
  if (count > 2 || all < 1 || all > MAX_THREADS) {
    fprintf(stderr, "usage: peaks [THREADS], from 1 to %d\n", MAX_THREADS);
    return 2;
  }
  worker *workers = calloc((size_t)all, sizeof(worker));
  if (!workers) {
    fprintf(stderr, "peaks: no memory for %ld threads\n", all);
    return 1;
  }
  print_arithmetic(workers, (int)all);
  int status = print_memory(workers, (int)all);
  free(workers);
  return status;
}
