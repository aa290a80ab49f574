// x86-64 with AVX-512 F, BW, VL, DQ, BF16 and VNNI: sixteen lanes, thirty-two registers.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(                                                               \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,fma,f16c"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,fma,f16c")
#endif
#include <immintrin.h>
#define VECTOR_BYTES 64
#define HAVE_MASKS
#include "vectors.h"
#include "rows.h"
#include "learning.h"
#include "f16c.h"

enum { TILE_ROWS = 6 };
#define ROW_CASES_TO_6

INLINE vf f16_vector(const char *w) {
  return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)w));
}

static void f16_to_f32(const uint16_t *x, float *y, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, f16_vector((const char *)(x + i)));
  for (; i < count; i++) y[i] = f16_value(x[i]);
}

INLINE v4f sum_four(vf a, vf b, vf c, vf d) {
  // Two rounds of interleaving leave [a b c d] in each quarter; two halvings add the quarters.
  __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps((__m512)a, (__m512)b),
                            _mm512_unpackhi_ps((__m512)a, (__m512)b));
  __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps((__m512)c, (__m512)d),
                            _mm512_unpackhi_ps((__m512)c, (__m512)d));
  __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
  __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
  __m512 all = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
  return (v4f)_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

INLINE v4i sum_four_i(vi a, vi b, vi c, vi d) {
  __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32((__m512i)a, (__m512i)b),
                                _mm512_unpackhi_epi32((__m512i)a, (__m512i)b));
  __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32((__m512i)c, (__m512i)d),
                                _mm512_unpackhi_epi32((__m512i)c, (__m512i)d));
  __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return (v4i)_mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

#define HAVE_NATIVE_BF16_DOT
typedef vf bf16_acc;
typedef __m512i bf16_a, bf16_b;
enum { bf16_STEP = 32, bf16_BYTES = 64, bf16_WEIGHT_BYTES = 64, bf16_PARTS = 1 };
INLINE __m512i bf16_load(const char *w, int part) {
  (void)part;
  return _mm512_loadu_si512(w);
}
INLINE __m512i bf16_load_a(const char *a) { return _mm512_loadu_si512(a); }
INLINE vf bf16_multiply(vf acc, __m512i a, __m512i b) {
  return (vf)_mm512_dpbf16_ps((__m512)acc, (__m512bh)a, (__m512bh)b);
}

static void pack_bf16(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                      const float *scales, void *panel) {
  (void)scales;
  char *to = panel;
  for (int64_t at = 0; at < k; at += bf16_STEP) {
    for (int32_t row = 0; row < rows; row++, to += bf16_BYTES) {
      const float *from = x + row * stride + at;
      int64_t left = k - at;
      vf low = left >= LANES ? load(from) : load_first(from, left);
      vf high = left >= 2 * LANES ? load(from + LANES)
                                  : load_first(from + LANES, left > LANES ? left - LANES : 0);
      _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
    }
  }
}

// VPDPBUSD multiplies unsigned by signed bytes: the panel holds q + 128, and 128 times the sum
// of the weight row is taken off at the end.
#define HAVE_NATIVE_I8_DOT
typedef vi i8_acc;
typedef __m512i i8_a, i8_b;
typedef uint8_t i8_panel;
enum { i8_STEP = 64, i8_BYTES = 64, i8_WEIGHT_BYTES = 64, i8_PARTS = 1, I8_OFFSET = 128 };
INLINE __m512i i8_load(const char *w, int part) {
  (void)part;
  return _mm512_loadu_si512(w);
}
INLINE __m512i i8_load_a(const char *a) { return _mm512_loadu_si512(a); }
INLINE vi i8_multiply(vi acc, __m512i a, __m512i b) {
  return (vi)_mm512_dpbusd_epi32((__m512i)acc, a, b);
}

// A vector holds as many numbers as a nibble can name, and picks by the low four bits alone. This
// keeps other execution units busy than the arithmetic that serves the high nibbles.
#define HAVE_LOOKUP
INLINE vf low_nibbles(vi pairs) {
  const vf values = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
  return (vf)_mm512_permutexvar_ps((__m512i)pairs, (__m512)values);
}

#include "products.h"
#include "outer.h"
#include "attention.h"

#define KERNEL_TABLE gaze_kernels_avx512
#define ISA_NAME "avx512"
#include "table.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
