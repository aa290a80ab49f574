// Any machine: four lanes, which compilers turn into SSE2, NEON or plain scalar code.
#define VECTOR_BYTES 16
#include "vectors.h"
#include "rows.h"
#include "learning.h"

enum { TILE_ROWS = 3 };

/// Shifted into place, a half is 2^-112 of its value as a float, subnormals included; infinities
/// and NaN get the greatest exponent instead, and NaN their quiet bit.
INLINE vf f16_vector(const char *w) {
  typedef uint16_t halves __attribute__((vector_size(2 * LANES)));
  halves narrow;
  memcpy(&narrow, w, sizeof narrow);
  vu wide = __builtin_convertvector(narrow, vu);
  vu bits = (wide & 0x7fff) << 13;
  vu finite = (vu)((vf)bits * 0x1p112f);
  vu quiet = (vu)(bits > 0x0f800000u) & 0x400000u;
  vu special = (vu)(bits >= 0x0f800000u);
  vu value = (special & (bits | 0x7f800000u | quiet)) | (~special & finite);
  return (vf)(value | (wide & 0x8000) << 16);
}

INLINE vf f16_scale(const char *w) { return broadcast(f16_vector(w)[0]); }

INLINE v4f f16_four(const uint16_t *halves) { return f16_vector((const char *)halves); }

static void f16_to_f32(const uint16_t *x, float *y, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, f16_vector((const char *)(x + i)));
  for (; i < count; i++) y[i] = f16_value(x[i]);
}

INLINE vf sum_four(vf a, vf b, vf c, vf d) {
  vf sums = {sum_lanes(a), sum_lanes(b), sum_lanes(c), sum_lanes(d)};
  return sums;
}

INLINE vi sum_four_i(vi a, vi b, vi c, vi d) {
  vi first = {a[0], b[0], c[0], d[0]}, second = {a[1], b[1], c[1], d[1]};
  vi third = {a[2], b[2], c[2], d[2]}, fourth = {a[3], b[3], c[3], d[3]};
  return (first + second) + (third + fourth);
}

#include "products.h"
#include "outer.h"
#include "attention.h"

#define KERNEL_TABLE gaze_kernels_portable
#define ISA_NAME "portable"
#include "table.h"
