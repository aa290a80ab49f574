// Any machine: four lanes, which compilers turn into SSE2, NEON or plain scalar code.
#define VECTOR_BYTES 16
#include "vectors.h"
#include "rows.h"

enum { TILE_ROWS = 3 };

static void f16_to_f32(const uint16_t *x, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = f16_value(x[i]);
}

INLINE vf f16_vector(const char *w) {
  uint16_t halves[LANES];
  memcpy(halves, w, sizeof halves);
  vf v;
  for (int i = 0; i < LANES; i++) v[i] = f16_value(halves[i]);
  return v;
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
#include "attention.h"

#define KERNEL_TABLE gaze_kernels_portable
#define ISA_NAME "portable"
#include "table.h"
