// Kernels that only training calls: products of bf16 pairs, gradients of norms and attention, AdamW.
#include <math.h>
#include <string.h>

#include "check.h"

static const int32_t widths[] = {1, 2, 15, 16, 17, 63, 64, 65, 130};
enum { WIDTHS = sizeof widths / sizeof *widths };

// MARK: pairs

/// Noise in bf16, and the numbers that it stands for.
static uint16_t *halves(int64_t count, double *values) {
  uint16_t *bits = buffer(count, sizeof(uint16_t), true);
  for (int64_t i = 0; i < count; i++) {
    bits[i] = nearest_bf16(random_float(-2, 2));
    values[i] = (double)bf16_number(bits[i]);
  }
  return bits;
}

typedef struct {
  int32_t rows, width;
  int64_t k;
  bool across, bias, accumulate;
} pair_shape;

static void check_pair_product(const gaze_kernel_table *table, pair_shape s) {
  about("%s: outer_pairs of %d rows, %d wide, k %lld%s%s%s", table->name, s.rows, s.width,
        (long long)s.k, s.across ? ", across" : "", s.bias ? ", bias" : "",
        s.accumulate ? ", added" : "");
  int64_t steps = (s.k + 1) / 2;
  ptrdiff_t b_step = s.width + 1, out_stride = s.width + 2;
  ptrdiff_t a_row = s.across ? 1 : steps + 1, a_step = s.across ? s.rows + 2 : 1;
  double *left = DOUBLES(s.rows * s.k), *right = DOUBLES(s.width * s.k);
  uint16_t *x = halves(s.rows * s.k, left), *w = halves(s.width * s.k, right);
  uint32_t *a = buffer((s.rows - 1) * a_row + (steps - 1) * a_step + 1, sizeof *a, true);
  uint32_t *b = buffer((steps - 1) * b_step + s.width, sizeof *b, true);
  for (int64_t i = 0; i < s.k; i++) {
    int shift = i % 2 ? 16 : 0;
    for (int32_t m = 0; m < s.rows; m++) {
      a[m * a_row + i / 2 * a_step] |= (uint32_t)x[m * s.k + i] << shift;
    }
    for (int32_t n = 0; n < s.width; n++) {
      b[i / 2 * b_step + n] |= (uint32_t)w[n * s.k + i] << shift;
    }
  }
  int64_t out_count = (s.rows - 1) * out_stride + s.width;
  float *out = noise(out_count, true), *bias = noise(s.width, true);
  double *want = DOUBLES(out_count);
  for (int64_t i = 0; i < out_count; i++) want[i] = (double)out[i];
  for (int32_t m = 0; m < s.rows; m++) {
    for (int32_t n = 0; n < s.width; n++) {
      double *to = want + m * out_stride + n;
      double sum = s.accumulate ? *to : s.bias ? (double)bias[n] : 0;
      for (int64_t i = 0; i < s.k; i++) sum += left[m * s.k + i] * right[n * s.k + i];
      *to = sum;
    }
  }
  gaze_outer_arguments arguments = {.a = a,
                                    .a_row = a_row,
                                    .a_step = a_step,
                                    .b = b,
                                    .b_step = b_step,
                                    .out = out,
                                    .out_stride = out_stride,
                                    .bias = s.bias ? bias : NULL,
                                    .steps = steps,
                                    .rows = s.rows,
                                    .width = s.width,
                                    .accumulate = s.accumulate};
  table->outer_pairs(&arguments);
  expect_close(out, want, out_count, 2e-6 * sqrt((double)s.k + 1), 2e-6);
  release_buffers();
}

static uint32_t pair(float low, float high) {
  return nearest_bf16(low) | (uint32_t)nearest_bf16(high) << 16;
}

static void check_pair_rows(const gaze_kernel_table *table, int64_t count, bool whole) {
  float *first = noise(count, true), *second = noise(count, true);
  uint16_t *low = buffer(count, sizeof *low, true), *high = buffer(count, sizeof *high, true);
  for (int64_t i = 0; i < count; i++) {
    low[i] = nearest_bf16(first[i]);
    high[i] = nearest_bf16(second[i]);
  }
  uint32_t *out = buffer(count, sizeof *out, true), *again = buffer(count, sizeof *again, true);
  table->pair_f32_rows(first, whole ? second : NULL, out, count);
  table->pair_bf16_rows(low, whole ? high : NULL, again, count);
  for (int64_t i = 0; i < count; i++) {
    uint32_t want = pair(first[i], whole ? second[i] : 0);
    about("%s: pair_f32_rows of %lld", table->name, (long long)count);
    expect(out[i] == want, "pair %lld is %x, not %x", (long long)i, out[i], want);
    about("%s: pair_bf16_rows of %lld", table->name, (long long)count);
    expect(again[i] == want, "pair %lld is %x, not %x", (long long)i, again[i], want);
  }
  release_buffers();
}

static void check_pair_columns(const gaze_kernel_table *table, int32_t rows, int64_t k) {
  about("%s: pair_f32_columns of %d rows, k %lld", table->name, rows, (long long)k);
  ptrdiff_t stride = k + 3, out_stride = rows + 1;
  int64_t steps = (k + 1) / 2, count = (steps - 1) * out_stride + rows;
  float *x = noise((rows - 1) * stride + k, true);
  uint32_t *out = buffer(count, sizeof *out, true);
  table->pair_f32_columns(x, stride, rows, k, out, out_stride);
  for (int64_t i = 0; i < count; i++) {
    int64_t step = i / out_stride, row = i % out_stride;
    const float *from = x + row * stride + 2 * step;
    uint32_t want = row == rows ? 0 : pair(from[0], 2 * step + 1 < k ? from[1] : 0);
    expect(out[i] == want, "pair %lld is %x, not %x", (long long)i, out[i], want);
  }
  release_buffers();
}

// MARK: layer norm

static void check_layer_norm_backward(const gaze_kernel_table *table, int64_t rows, int64_t width,
                                      bool input, bool parameters) {
  about("%s: layer_norm_backward of %lld rows, %lld wide%s%s", table->name, (long long)rows,
        (long long)width, input ? ", input" : "", parameters ? ", parameters" : "");
  float *x = noise(rows * width, true), *gain = noise(width, true), *dy = noise(rows * width, true);
  float *statistics = noise(2 * rows, true), *dx = FLOATS(rows * width, true);
  float *dgain = noise(width, true), *dbias = noise(width, true);
  double *want = DOUBLES(rows * width), *gains = DOUBLES(width), *biases = DOUBLES(width);
  for (int64_t i = 0; i < width; i++) {
    gains[i] = (double)dgain[i];
    biases[i] = (double)dbias[i];
  }
  for (int64_t row = 0; row < rows; row++) {
    statistics[2 * row + 1] += 1.5f;
    double mean = (double)statistics[2 * row], inverse = (double)statistics[2 * row + 1];
    double sum = 0, along = 0;
    for (int64_t i = row * width, j = 0; j < width; i++, j++) {
      double hat = ((double)x[i] - mean) * inverse, g = (double)dy[i] * (double)gain[j];
      sum += g / (double)width;
      along += g * hat / (double)width;
      if (parameters) gains[j] += (double)dy[i] * hat;
      if (parameters) biases[j] += (double)dy[i];
    }
    for (int64_t i = row * width, j = 0; j < width; i++, j++) {
      double hat = ((double)x[i] - mean) * inverse, g = (double)dy[i] * (double)gain[j];
      if (input) want[i] = (g - sum - hat * along) * inverse;
    }
  }
  table->layer_norm_backward(x, gain, statistics, dy, input ? dx : NULL, parameters ? dgain : NULL,
                             parameters ? dbias : NULL, rows, width);
  expect_close(dx, want, rows * width, 1e-5, 5e-6);
  expect_close(dgain, gains, width, 1e-5, 5e-6);
  expect_close(dbias, biases, width, 3e-6, 2e-6);
  release_buffers();
}

// MARK: attention

typedef struct {
  int32_t queries, keys, width, causal_limit;
  bool masked;
} head_shape;

/// The probabilities of one query; none where no key may be seen.
static void weigh(const gaze_attention_gradient_arguments *g, int32_t row, double *p) {
  double greatest = -INFINITY, sum = 0;
  for (int32_t key = 0; key < g->keys; key++) {
    p[key] = 0;
    for (int32_t i = 0; i < g->width; i++) {
      p[key] += (double)g->q[row * g->q_stride + i] * (double)g->k[key * g->k_stride + i];
    }
    p[key] *= (double)g->scale;
    if (g->mask) p[key] += (double)g->mask[row * g->mask_stride + key];
    if (g->causal_limit != INT32_MAX && key > row + g->causal_limit) p[key] = -INFINITY;
    greatest = fmax(greatest, p[key]);
  }
  for (int32_t key = 0; key < g->keys; key++) {
    p[key] = isinf(greatest) ? 0 : exp(p[key] - greatest);
    sum += p[key];
  }
  for (int32_t key = 0; key < g->keys; key++) p[key] /= sum > 0 ? sum : 1;
}

/// What one query adds to all three gradients.
static void spread_slopes(const gaze_attention_gradient_arguments *g, int32_t row, const double *p,
                          double *slopes, double *dq, double *dk, double *dv) {
  double mean = 0;
  const float *dy = g->dy + row * g->dy_stride;
  for (int32_t key = 0; key < g->keys; key++) {
    slopes[key] = 0;
    for (int32_t i = 0; i < g->width; i++) {
      slopes[key] += (double)dy[i] * (double)g->v[key * g->v_stride + i];
    }
    mean += p[key] * slopes[key];
  }
  for (int32_t key = 0; key < g->keys; key++) {
    double slope = (double)g->scale * p[key] * (slopes[key] - mean);
    for (int32_t i = 0; i < g->width; i++) {
      dq[row * g->out_stride + i] += slope * (double)g->k[key * g->k_stride + i];
      dk[key * g->out_stride + i] += slope * (double)g->q[row * g->q_stride + i];
      dv[key * g->out_stride + i] += p[key] * (double)dy[i];
    }
  }
}

static void check_attention_backward(const gaze_kernel_table *table, head_shape s) {
  about("%s: attention_backward of %d queries, %d keys, %d wide, causal limit %d%s", table->name,
        s.queries, s.keys, s.width, s.causal_limit, s.masked ? ", masked" : "");
  ptrdiff_t stride = s.width + 3, mask_stride = s.keys + 1;
  int64_t of_queries = (s.queries - 1) * stride + s.width;
  int64_t of_keys = (s.keys - 1) * stride + s.width;
  float *mask = noise((s.queries - 1) * mask_stride + s.keys, true);
  for (int32_t row = 0; row < s.queries; row++) {
    for (int32_t key = 0; key < s.keys; key++) {
      if (row == 1 || random_bits() % 4 == 0) mask[row * mask_stride + key] = -INFINITY;
    }
  }
  size_t scratch = gaze_attention_gradient_scratch(s.queries, s.keys, s.width);
  gaze_attention_gradient_arguments g = {.q = noise(of_queries, true),
                                         .q_stride = stride,
                                         .k = noise(of_keys, true),
                                         .k_stride = stride,
                                         .v = noise(of_keys, true),
                                         .v_stride = stride,
                                         .dy = noise(of_queries, true),
                                         .dy_stride = stride,
                                         .dq = FLOATS(of_queries, true),
                                         .dk = FLOATS(of_keys, true),
                                         .dv = FLOATS(of_keys, true),
                                         .out_stride = stride,
                                         .mask = s.masked ? mask : NULL,
                                         .mask_stride = mask_stride,
                                         .scratch = noise((int64_t)scratch, false),
                                         .scale = 0.7f,
                                         .queries = s.queries,
                                         .keys = s.keys,
                                         .width = s.width,
                                         .causal_limit = s.causal_limit};
  double *dq = DOUBLES(of_queries), *dk = DOUBLES(of_keys), *dv = DOUBLES(of_keys);
  double *p = DOUBLES(s.keys), *slopes = DOUBLES(s.keys);
  for (int32_t row = 0; row < s.queries; row++) {
    weigh(&g, row, p);
    spread_slopes(&g, row, p, slopes, dq, dk, dv);
  }
  table->attention_backward(&g);
  // What lies between the rows is to stay 0.
  expect_close(g.dq, dq, of_queries, 5e-6, 1e-5);
  expect_close(g.dk, dk, of_keys, 1e-5, 1e-5);
  expect_close(g.dv, dv, of_keys, 1e-5, 1e-5);
  release_buffers();
}

// MARK: optimiser

static void check_adam(const gaze_kernel_table *table, int64_t count) {
  about("%s: adam of %lld", table->name, (long long)count);
  gaze_adam_factors f = {.gradient = 0.25f, .beta1 = 0.9f, .beta2 = 0.98f, .rate = 0.03f,
                         .square = 5, .epsilon = 1e-3f, .keep = 0.99f};
  float *p = noise(count, true), *gradient = noise(count, true), *mean = noise(count, true);
  float *square = noise(count, true), *out = FLOATS(count, true);
  double *means = DOUBLES(count), *squares = DOUBLES(count), *want = DOUBLES(count);
  for (int64_t i = 0; i < count; i++) {
    square[i] = fabsf(square[i]);
    double g = (double)gradient[i] * 0.25;
    means[i] = (double)mean[i] * (double)f.beta1 + g * (1 - (double)f.beta1);
    squares[i] = (double)square[i] * (double)f.beta2 + g * g * (1 - (double)f.beta2);
    want[i] = (double)p[i] * (double)f.keep -
              (double)f.rate * means[i] / (sqrt(5 * squares[i]) + (double)f.epsilon);
  }
  table->adam(p, gradient, mean, square, out, count, &f);
  expect_close(mean, means, count, 2e-7, 2e-7);
  expect_close(square, squares, count, 2e-7, 2e-7);
  expect_close(out, want, count, 5e-7, 1e-6);
  release_buffers();
}

void check_training(const gaze_kernel_table *table) {
  const int64_t depths[] = {1, 2, 9, 70};
  for (int32_t rows = 1; rows <= 13; rows++) {
    for (int w = 0; w < WIDTHS; w++) {
      for (int d = 0; d < 4; d++) {
        int i = rows + w + d;
        check_pair_product(table, (pair_shape){rows, widths[w], depths[d], i % 2 == 0, i % 3 == 0,
                                               i % 3 == 1});
      }
      check_layer_norm_backward(table, rows, widths[w], rows % 3 > 0, rows % 3 < 2);
    }
  }
  for (int w = 0; w < WIDTHS; w++) {
    check_pair_rows(table, widths[w], true);
    check_pair_rows(table, widths[w], false);
    for (int32_t rows = 1; rows <= 64; rows += 9) check_pair_columns(table, rows, widths[w]);
    check_adam(table, widths[w]);
  }
  const int32_t queries[] = {1, 5, 13, 127, 128, 130, 257}, keys[] = {1, 9, 16, 129, 200};
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
      int32_t width = widths[(q + 2 * k) % (WIDTHS - 1)], limit = keys[k] - queries[q];
      check_attention_backward(
          table, (head_shape){queries[q], keys[k], width, INT32_MAX, (q + k) % 2 == 0});
      check_attention_backward(table,
                               (head_shape){queries[q], keys[k], width, limit, (q + k) % 2 == 1});
    }
  }
}
