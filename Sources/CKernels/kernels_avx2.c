// x86-64 with AVX2, FMA and F16C: eight lanes, sixteen registers.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#include <immintrin.h>
#define VECTOR_BYTES 32
#include "vectors.h"
#include "rows.h"
#include "learning.h"
#include "f16c.h"

enum { TILE_ROWS = 3 };

INLINE vf f16_vector(const char *w) {
  return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)w));
}

static void f16_to_f32(const uint16_t *x, float *y, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, f16_vector((const char *)(x + i)));
  for (; i < count; i++) y[i] = f16_value(x[i]);
}

INLINE v4f sum_four(vf a, vf b, vf c, vf d) {
  __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps((__m256)a, (__m256)b),
                                _mm256_hadd_ps((__m256)c, (__m256)d));
  return (v4f)_mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

INLINE v4i sum_four_i(vi a, vi b, vi c, vi d) {
  __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32((__m256i)a, (__m256i)b),
                                    _mm256_hadd_epi32((__m256i)c, (__m256i)d));
  return (v4i)_mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

// int8 as pairs of 16-bit products: the panel is widened once, when it is packed, the weights
// at each step.
#define HAVE_NATIVE_I8_DOT
typedef vi i8_acc, i8_a, i8_b;
typedef int16_t i8_panel;
enum { i8_STEP = 16, i8_BYTES = 32, i8_WEIGHT_BYTES = 16, i8_PARTS = 1, I8_OFFSET = 0 };
INLINE vi i8_load(const char *w, int part) {
  (void)part;
  return (vi)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)w));
}
INLINE vi i8_load_a(const char *a) { return (vi)_mm256_loadu_si256((const __m256i *)a); }
INLINE vi i8_multiply(vi acc, vi a, vi b) {
  return acc + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

#include "products.h"
#include "outer.h"
#include "attention.h"

#define KERNEL_TABLE gaze_kernels_avx2
#define ISA_NAME "avx2"
#include "table.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
