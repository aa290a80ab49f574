#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char subject[256];
static int64_t made, failed;

enum { REPORTED = 40, BUFFERS = 64 };

static void *buffers[BUFFERS];
static int buffer_count;

void about(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(subject, sizeof subject, format, arguments);
  va_end(arguments);
}

void expect(bool holds, const char *format, ...) {
  made++;
  if (holds || ++failed > REPORTED) return;
  va_list arguments;
  va_start(arguments, format);
  printf("%s: ", subject);
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

void expect_close(const float *got, const double *want, int64_t count, double absolute,
                  double relative) {
  made++;
  for (int64_t i = 0; i < count; i++) {
    double limit = absolute + relative * fabs(want[i]);
    bool same = isnan(want[i])   ? isnan(got[i])
                : isinf(want[i]) ? (double)got[i] == want[i]
                                 : fabs((double)got[i] - want[i]) <= limit;
    if (same) continue;
    if (++failed <= REPORTED) {
      printf("%s: element %lld is %.9g, not %.9g within %.3g\n", subject, (long long)i,
             (double)got[i], want[i], limit);
    }
    return;
  }
}

int64_t comparisons_made(void) { return made; }
int64_t comparisons_failed(void) { return failed; }

void *buffer(int64_t count, size_t size, bool shifted) {
  size_t skipped = shifted ? size : 0;
  size_t bytes = (size_t)count * size + skipped;
  void *start = NULL;
  if (buffer_count == BUFFERS || posix_memalign(&start, 64, bytes > 0 ? bytes : 1) != 0) {
    printf("no memory for the tests\n");
    exit(2);
  }
  buffers[buffer_count++] = start;
  memset(start, 0, bytes);
  return (char *)start + skipped;
}

void release_buffers(void) {
  while (buffer_count > 0) free(buffers[--buffer_count]);
}

// SplitMix64 (Steele, Lea & Flood 2014).
uint64_t random_bits(void) {
  static uint64_t state = 2026;
  state += 0x9e3779b97f4a7c15u;
  uint64_t word = state;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
  word = (word ^ word >> 27) * 0x94d049bb133111ebu;
  return word ^ word >> 31;
}

float random_float(float least, float greatest) {
  return least + (greatest - least) * (float)(random_bits() >> 40) / 16777216.0f;
}

float *noise(int64_t count, bool shifted) {
  float *x = FLOATS(count, shifted);
  for (int64_t i = 0; i < count; i++) x[i] = random_float(-1, 1);
  return x;
}

float bf16_number(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float x;
  memcpy(&x, &wide, sizeof x);
  return x;
}

float f16_number(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float size = exponent == 31  ? (fraction ? NAN : INFINITY)
               : exponent == 0 ? ldexpf((float)fraction, -24)
                               : ldexpf((float)(1024 + fraction), exponent - 25);
  return bits & 0x8000 ? -size : size;
}

uint16_t nearest_bf16(float x) {
  uint32_t wide;
  memcpy(&wide, &x, sizeof wide);
  uint32_t kept = wide >> 16, dropped = wide & 0xffff;
  if (dropped > 0x8000 || (dropped == 0x8000 && (kept & 1))) kept++;
  return (uint16_t)kept;
}

void random_block(bool is_q4, char *block, double *values) {
  // Scales between 2^-14 and 2^-8, so that no number exceeds 1, and at times a subnormal one.
  uint16_t scale = (uint16_t)((random_bits() & 0x3ff) | (1 + random_bits() % 6) << 10);
  if (random_bits() % 8 == 0) scale &= 0x3ff;
  memcpy(block, &scale, sizeof scale);
  for (int i = 0; i < (is_q4 ? 16 : 32); i++) {
    uint8_t byte = (uint8_t)random_bits();
    memcpy(block + 2 + i, &byte, 1);
    if (is_q4) {
      values[i] = (double)f16_number(scale) * ((byte & 15) - 8);
      values[16 + i] = (double)f16_number(scale) * ((byte >> 4) - 8);
    } else {
      values[i] = (double)f16_number(scale) * (int8_t)byte;
    }
  }
}
