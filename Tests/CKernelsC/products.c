// The dots of every format and the outer product, against sums in double.
#include <math.h>
#include <string.h>

#include "check.h"

typedef enum { F32, F16, BF16_EXACT, BF16, Q8_0, Q4_0, I8 } format;
static const char *const format_names[] = {"dot_f32",  "dot_f16",  "dot_bf16_exact", "dot_bf16",
                                           "dot_q8_0", "dot_q4_0", "dot_i8"};

static const gaze_dot *dot_of(const gaze_kernel_table *table, format kind) {
  switch (kind) {
    case F32: return &table->dot_f32;
    case F16: return &table->dot_f16;
    case BF16_EXACT: return &table->dot_bf16_exact;
    case BF16: return &table->dot_bf16;
    case Q8_0: return &table->dot_q8_0;
    case Q4_0: return &table->dot_q4_0;
    case I8: return &table->dot_i8;
  }
  return NULL;
}

/// Fills one weight and returns what it stands for.
static double make_weight(format kind, char *weight) {
  float x = random_float(-1, 1);
  switch (kind) {
    case F32: memcpy(weight, &x, 4); return (double)x;
    case F16: {
      // Normal halves between 2^-8 and 2.
      uint16_t bits = (uint16_t)((random_bits() & 0x83ff) | (7 + random_bits() % 9) << 10);
      memcpy(weight, &bits, 2);
      return (double)f16_number(bits);
    }
    case BF16_EXACT:
    case BF16: {
      uint16_t bits = nearest_bf16(x);
      memcpy(weight, &bits, 2);
      return (double)bf16_number(bits);
    }
    case I8: {
      int8_t small = (int8_t)((int)(random_bits() % 255) - 127);
      memcpy(weight, &small, 1);
      return small;
    }
    case Q8_0:
    case Q4_0: break;
  }
  return 0;
}

/// How many neighbours along k share bytes, and how many bytes.
static int64_t group_elements(format kind) { return kind == Q8_0 || kind == Q4_0 ? 32 : 1; }
static ptrdiff_t group_size(format kind) {
  return kind == F32 ? 4 : kind == I8 ? 1 : kind == Q8_0 ? 34 : kind == Q4_0 ? 18 : 2;
}

/// Fills one group of weights and tells what they stand for.
static void make_weights(format kind, char *group, double *values) {
  if (kind == Q8_0 || kind == Q4_0) random_block(kind == Q4_0, group, values);
  else *values = make_weight(kind, group);
}

/// What the format makes of an activation.
static double seen(format kind, float x, float scale) {
  if (kind == BF16) return (double)bf16_number(nearest_bf16(x));
  if (kind == I8) return fmax(-127, fmin(127, (double)nearbyintf(x * (1.0f / scale))));
  return (double)x;
}

typedef struct {
  int32_t rows, columns;
  int64_t k;
  bool bias, accumulate, shifted;
} product_shape;

static void check_dot(const gaze_kernel_table *table, format kind, product_shape s) {
  const gaze_dot *dot = dot_of(table, kind);
  about("%s: %s of %d rows, %d columns, k %lld%s%s%s", table->name, format_names[kind], s.rows,
        s.columns, (long long)s.k, s.bias ? ", bias" : "", s.accumulate ? ", added" : "",
        s.shifted ? ", shifted" : "");
  ptrdiff_t x_stride = s.k + 3, out_stride = s.columns + 2;
  const int64_t group = group_elements(kind);
  ptrdiff_t size = group_size(kind), weight_stride = (s.k / group + 5) * size;
  float *x = noise((s.rows - 1) * x_stride + s.k, s.shifted);
  char *weights = buffer((s.columns - 1) * weight_stride + s.k / group * size, 1, s.shifted);
  float *row_scales = FLOATS(s.rows, false), *weight_scales = FLOATS(s.columns, false);
  int32_t *weight_sums = buffer(s.columns, sizeof(int32_t), false);
  float *bias = noise(s.columns, s.shifted);
  int64_t out_count = (s.rows - 1) * out_stride + s.columns;
  float *out = noise(out_count, s.shifted);
  double *want = DOUBLES(out_count), *weight_row = DOUBLES(s.k);

  for (int32_t m = 0; m < s.rows; m++) row_scales[m] = 0.008f + 0.0005f * (float)m;
  for (int64_t i = 0; i < out_count; i++) want[i] = (double)out[i];
  for (int32_t n = 0; n < s.columns; n++) {
    weight_scales[n] = 0.01f + 0.001f * (float)n;
    for (int64_t k = 0; k < s.k; k += group) {
      make_weights(kind, weights + n * weight_stride + k / group * size, weight_row + k);
      if (kind == I8) weight_sums[n] += (int32_t)weight_row[k];
    }
    for (int32_t m = 0; m < s.rows; m++) {
      double sum = 0;
      for (int64_t k = 0; k < s.k; k++) {
        sum += seen(kind, x[m * x_stride + k], row_scales[m]) * weight_row[k];
      }
      if (kind == I8) sum *= (double)row_scales[m] * (double)weight_scales[n];
      double *to = want + m * out_stride + n;
      *to = sum + (s.bias ? (double)bias[n] : 0) + (s.accumulate ? *to : 0);
    }
  }

  int64_t steps = (s.k + dot->step - 1) / dot->step;
  void *panel = buffer(steps * dot->step_bytes * s.rows, 1, false);
  dot->pack(x, x_stride, s.rows, s.k, kind == I8 ? row_scales : NULL, panel);
  gaze_dot_arguments arguments = {.panel = panel,
                                  .weights = weights,
                                  .weight_stride = weight_stride,
                                  .out = out,
                                  .out_stride = out_stride,
                                  .bias = s.bias ? bias : NULL,
                                  .row_scales = kind == I8 ? row_scales : NULL,
                                  .weight_scales = kind == I8 ? weight_scales : NULL,
                                  .weight_sums = kind == I8 ? weight_sums : NULL,
                                  .k = s.k,
                                  .rows = s.rows,
                                  .columns = s.columns,
                                  .accumulate = s.accumulate};
  dot->block(&arguments);
  // Rounding grows with the terms; what lies between the rows must be as it was.
  expect_close(out, want, out_count, 1e-6 * sqrt((double)s.k + 1), 2e-6);
  release_buffers();
}

static void check_outer(const gaze_kernel_table *table, int32_t rows, int32_t width, int64_t terms,
                        bool accumulate, bool transposed) {
  about("%s: outer of %d rows, %d wide, %lld terms%s%s", table->name, rows, width,
        (long long)terms, accumulate ? ", added" : "", transposed ? ", transposed" : "");
  ptrdiff_t p_row = transposed ? 1 : terms + 1, p_column = transposed ? rows + 2 : 1;
  ptrdiff_t v_stride = width + 3, out_stride = width + 1;
  float *p = noise((rows - 1) * p_row + (terms - 1) * p_column + 1, true);
  float *v = noise((terms - 1) * v_stride + width, true);
  int64_t out_count = (rows - 1) * out_stride + width;
  float *out = noise(out_count, true);
  double *want = DOUBLES(out_count);
  for (int64_t i = 0; i < out_count; i++) want[i] = (double)out[i];
  for (int32_t m = 0; m < rows; m++) {
    for (int32_t d = 0; d < width; d++) {
      double sum = accumulate ? want[m * out_stride + d] : 0;
      for (int64_t s = 0; s < terms; s++) {
        sum += (double)p[m * p_row + s * p_column] * (double)v[s * v_stride + d];
      }
      want[m * out_stride + d] = sum;
    }
  }
  gaze_outer_arguments arguments = {.a = p,
                                    .a_row = p_row,
                                    .a_step = p_column,
                                    .b = v,
                                    .b_step = v_stride,
                                    .out = out,
                                    .out_stride = out_stride,
                                    .steps = terms,
                                    .rows = rows,
                                    .width = width,
                                    .accumulate = accumulate,
                                    // Bringing near what is not even there changes nothing.
                                    .ahead = accumulate ? v : NULL,
                                    .ahead_bytes = 1 << 20};
  table->outer(&arguments);
  expect_close(out, want, out_count, 1e-6 * sqrt((double)terms + 1), 2e-6);
  release_buffers();
}

void check_products(const gaze_kernel_table *table) {
  const int64_t depths[] = {1, 3, 15, 16, 17, 31, 32, 33, 64, 65, 127, 200};
  const int32_t columns[] = {1, 3, 4, 5, 8, 13};
  for (int kind = F32; kind <= I8; kind++) {
    const int64_t whole = group_elements((format)kind);
    for (int32_t rows = 1; rows <= table->tile_rows; rows++) {
      for (size_t d = 0; d < sizeof depths / sizeof *depths; d++) {
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
          size_t i = (size_t)rows + d + c;
          check_dot(table, (format)kind,
                    (product_shape){rows, columns[c], depths[d] * whole, i % 2, i % 3 == 0,
                                    i % 5 == 0});
        }
      }
    }
  }
  const int32_t widths[] = {1, 3, 4, 7, 16, 17, 64, 65, 71, 130};
  for (int32_t rows = 1; rows <= 2 * table->tile_rows + 1; rows++) {
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      size_t i = (size_t)rows + w;
      check_outer(table, rows, widths[w], 1 + (int64_t)(7 * i % 40), i % 2, i % 3 == 0);
    }
  }
}
