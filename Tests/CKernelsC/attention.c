// Fused attention against the formula in double, scores, softmax and sum spelled out.
#include <math.h>

#include "check.h"

typedef enum { NO_MASK, NOISE, SOME_HIDDEN, ALL_HIDDEN } mask_kind;

typedef struct {
  int32_t rows, keys, width, causal_limit;
  mask_kind mask;
} attention_shape;

/// One output row: zeros where no key may be seen.
static void attend(const gaze_attention_arguments *g, int32_t row, double *scores, double *out) {
  double greatest = -INFINITY, sum = 0;
  for (int32_t key = 0; key < g->keys; key++) {
    double score = 0;
    for (int32_t i = 0; i < g->width; i++) {
      score += (double)g->q[row * g->q_stride + i] * (double)g->k[key * g->k_stride + i];
    }
    score *= (double)g->scale;
    if (g->mask) score += (double)g->mask[row * g->mask_stride + key];
    if (g->causal_limit != INT32_MAX && key > row + g->causal_limit) score = -INFINITY;
    scores[key] = score;
    greatest = fmax(greatest, score);
  }
  for (int32_t i = 0; i < g->width; i++) out[i] = 0;
  if (isinf(greatest)) return;
  for (int32_t key = 0; key < g->keys; key++) sum += exp(scores[key] - greatest);
  for (int32_t key = 0; key < g->keys; key++) {
    double share = exp(scores[key] - greatest) / sum;
    for (int32_t i = 0; i < g->width; i++) {
      out[i] += share * (double)g->v[key * g->v_stride + i];
    }
  }
}

static float *make_mask(attention_shape s, ptrdiff_t stride) {
  if (s.mask == NO_MASK) return NULL;
  float *mask = noise((s.rows - 1) * stride + s.keys, true);
  for (int32_t row = 0; row < s.rows; row++) {
    for (int32_t key = 0; key < s.keys; key++) {
      bool hidden = s.mask == ALL_HIDDEN ? row == 0 : s.mask == SOME_HIDDEN && random_bits() % 3 == 0;
      if (hidden) mask[row * stride + key] = -INFINITY;
    }
  }
  return mask;
}

static void check_shape(const gaze_kernel_table *table, attention_shape s) {
  about("%s: attention of %d rows over %d keys, %d wide, causal limit %d, mask %d", table->name,
        s.rows, s.keys, s.width, s.causal_limit, (int)s.mask);
  ptrdiff_t stride = s.width + 4, mask_stride = s.keys + 1;
  int64_t out_count = (s.rows - 1) * stride + s.width;
  gaze_attention_arguments g = {
      .q = noise((s.rows - 1) * stride + s.width, true),
      .q_stride = stride,
      .k = noise((s.keys - 1) * stride + s.width, true),
      .k_stride = stride,
      .v = noise((s.keys - 1) * stride + s.width, true),
      .v_stride = stride,
      .out = noise(out_count, true),
      .out_stride = stride,
      .mask = make_mask(s, mask_stride),
      .mask_stride = mask_stride,
      .scratch = FLOATS((int64_t)gaze_attention_scratch(s.width), false),
      .scale = 1.5f / sqrtf((float)s.width),
      .rows = s.rows,
      .keys = s.keys,
      .width = s.width,
      .causal_limit = s.causal_limit};
  double *want = DOUBLES(out_count), *scores = DOUBLES(s.keys);
  for (int64_t i = 0; i < out_count; i++) want[i] = (double)g.out[i];
  for (int32_t row = 0; row < s.rows; row++) attend(&g, row, scores, want + row * stride);
  table->attention(&g);
  expect_close(g.out, want, out_count, 3e-6, 3e-6);
  release_buffers();
}

void check_attention(const gaze_kernel_table *table) {
  const int32_t keys[] = {1, 5, 50, 127, 128, 129, 300};
  const int32_t widths[] = {1, 8, 17, 64, 72};
  for (int32_t rows = 1; rows <= table->tile_rows; rows++) {
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
      for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        mask_kind mask = (mask_kind)(((size_t)rows + k + w) % 4);
        check_shape(table, (attention_shape){rows, keys[k], widths[w], INT32_MAX, mask});
        check_shape(table, (attention_shape){rows, keys[k], widths[w], keys[k] - rows, mask});
        // Rows before the first key see nothing.
        check_shape(table, (attention_shape){rows, keys[k], widths[w], -2, NO_MASK});
      }
    }
  }
}
