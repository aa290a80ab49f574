// arm64: four lanes, thirty-two registers.
#if defined(__aarch64__)
#include <arm_neon.h>
#define VECTOR_BYTES 16
#include "vectors.h"
#include "rows.h"
#include "learning.h"

enum { TILE_ROWS = 6 };
#define ROW_CASES_TO_6

INLINE vf f16_vector(const char *w) {
  float16x4_t halves;
  memcpy(&halves, w, sizeof halves);
  return (vf)vcvt_f32_f16(halves);
}

INLINE vf f16_scale(const char *w) { return broadcast(f16_vector(w)[0]); }

INLINE v4f f16_four(const uint16_t *halves) { return f16_vector((const char *)halves); }

static void f16_to_f32(const uint16_t *x, float *y, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, f16_vector((const char *)(x + i)));
  for (; i < count; i++) y[i] = f16_value(x[i]);
}

INLINE vf sum_four(vf a, vf b, vf c, vf d) {
  return (vf)vpaddq_f32(vpaddq_f32((float32x4_t)a, (float32x4_t)b),
                        vpaddq_f32((float32x4_t)c, (float32x4_t)d));
}

INLINE vi sum_four_i(vi a, vi b, vi c, vi d) {
  return (vi)vpaddq_s32(vpaddq_s32((int32x4_t)a, (int32x4_t)b),
                        vpaddq_s32((int32x4_t)c, (int32x4_t)d));
}

#include "products.h"
#include "outer.h"
#include "attention.h"

#define KERNEL_TABLE gaze_kernels_neon
#define ISA_NAME "neon"
#include "table.h"
#endif
