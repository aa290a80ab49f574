// Conversions: every half and bfloat16 there is, ties, NaN, and the rounding of int8.
#include <math.h>
#include <string.h>

#include "check.h"

enum { ALL = 65536 };

static void check_widening(const gaze_kernel_table *table) {
  uint16_t *halves = buffer(ALL, sizeof(uint16_t), true);
  float *y = FLOATS(ALL, true);
  for (int i = 0; i < ALL; i++) halves[i] = (uint16_t)i;
  for (int bf16 = 0; bf16 < 2; bf16++) {
    about("%s: %s of every number", table->name, bf16 ? "bf16_to_f32" : "f16_to_f32");
    (bf16 ? table->bf16_to_f32 : table->f16_to_f32)(halves, y, ALL);
    for (int i = 0; i < ALL; i++) {
      float want = bf16 ? bf16_number((uint16_t)i) : f16_number((uint16_t)i);
      bool same = isnan(want) ? isnan(y[i]) : memcmp(&want, &y[i], sizeof want) == 0;
      if (!same) expect(false, "%04x became %.9g, not %.9g", i, (double)y[i], (double)want);
    }
    expect(true, "all of them");
  }
  for (int64_t count = 0; count < 70; count++) {
    uint16_t *few = buffer(count, sizeof(uint16_t), true);
    float *wide = FLOATS(count, true);
    for (int64_t i = 0; i < count; i++) few[i] = (uint16_t)(0x3c00 + i);
    about("%s: f16_to_f32 of %lld", table->name, (long long)count);
    table->f16_to_f32(few, wide, count);
    for (int64_t i = 0; i < count; i++) expect(wide[i] == f16_number(few[i]), "wrong");
    about("%s: bf16_to_f32 of %lld", table->name, (long long)count);
    table->bf16_to_f32(few, wide, count);
    for (int64_t i = 0; i < count; i++) expect(wide[i] == bf16_number(few[i]), "wrong");
    release_buffers();
  }
}

static void check_unpacking(const gaze_kernel_table *table, bool is_q4, int64_t blocks) {
  about("%s: %s of %lld blocks", table->name, is_q4 ? "q4_0_to_f32" : "q8_0_to_f32",
        (long long)blocks);
  ptrdiff_t size = is_q4 ? 18 : 34;
  char *x = buffer(blocks * size, 1, true);
  double *want = DOUBLES(blocks * 32);
  float *y = FLOATS(blocks * 32, true);
  for (int64_t i = 0; i < blocks; i++) random_block(is_q4, x + i * size, want + i * 32);
  (is_q4 ? table->q4_0_to_f32 : table->q8_0_to_f32)(x, y, blocks * 32);
  // A half times a byte has fewer digits than a float: nothing is rounded.
  expect_close(y, want, blocks * 32, 0, 0);
  release_buffers();
}

static void check_narrowing(const gaze_kernel_table *table, int64_t count) {
  about("%s: f32_to_bf16 of %lld", table->name, (long long)count);
  float *x = FLOATS(count, true);
  uint16_t *y = buffer(count, sizeof(uint16_t), true);
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)random_bits();
    if (i % 3 == 0) bits = (bits & 0xffff0000u) | 0x8000u;  // halfway: to even
    memcpy(&x[i], &bits, sizeof bits);
  }
  table->f32_to_bf16(x, y, count);
  for (int64_t i = 0; i < count; i++) {
    bool same = isnan(x[i]) ? isnan(bf16_number(y[i])) : y[i] == nearest_bf16(x[i]);
    expect(same, "%.9g became %04x", (double)x[i], y[i]);
  }
  release_buffers();
}

static void check_quantizing(const gaze_kernel_table *table, int64_t count, float scale) {
  about("%s: quantize_i8 of %lld by %g", table->name, (long long)count, (double)scale);
  float *x = FLOATS(count, true);
  int8_t *y = buffer(count, 1, true);
  int32_t want_sum = 0;
  for (int64_t i = 0; i < count; i++) {
    // Halves of a step, so that ties are met, and some numbers out of range.
    x[i] = ((float)(random_bits() % 600) - 300) * 0.5f * (scale > 0 ? scale : 1);
  }
  int32_t sum = table->quantize_i8(x, y, count, scale);
  for (int64_t i = 0; i < count; i++) {
    float q = scale > 0 ? nearbyintf(x[i] * (1 / scale)) : 0;
    int want = (int)fminf(127, fmaxf(-127, q));
    want_sum += want;
    expect(y[i] == want, "%.9g became %d, not %d", (double)x[i], y[i], want);
  }
  expect(sum == want_sum, "the sum is %d, not %d", (int)sum, (int)want_sum);
  release_buffers();
}

void check_conversions(const gaze_kernel_table *table) {
  check_widening(table);
  for (int64_t blocks = 0; blocks < 5; blocks++) {
    check_unpacking(table, false, blocks);
    check_unpacking(table, true, blocks);
  }
  for (int64_t count = 0; count < 70; count++) {
    check_narrowing(table, count);
    check_quantizing(table, count, 0.25f);
  }
  check_narrowing(table, 5000);
  check_quantizing(table, 5000, 0.0371f);
  check_quantizing(table, 40, 0);
}
