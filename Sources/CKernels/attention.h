// Fused attention: one block of keys at a time, keeping for each query row the greatest score
// seen and the sum of exponentials relative to it.

typedef struct {
  float greatest[TILE_ROWS];
  float sum[TILE_ROWS];
} softmax_state;

/// scores[row][key] = scale * q·k + mask, -inf where the causal rule forbids.
static void attention_scores(const gaze_attention_arguments *g, const float *panel,
                             float *scores, int32_t first, int32_t count) {
  gaze_dot_arguments dot = {.panel = panel,
                            .weights = g->k + first * g->k_stride,
                            .weight_stride = g->k_stride * (ptrdiff_t)sizeof(float),
                            .out = scores,
                            .out_stride = GAZE_ATTENTION_BLOCK,
                            .k = g->width,
                            .rows = g->rows,
                            .columns = count};
  f32_block(&dot);
  for (int32_t row = 0; row < g->rows; row++) {
    float *line = scores + row * GAZE_ATTENTION_BLOCK;
    scale_add(line, g->scale, 0, line, count);
    if (g->mask) add(line, g->mask + row * g->mask_stride + first, line, count);
    if (g->causal_limit == INT32_MAX) continue;
    for (int32_t key = count - 1; key >= 0 && first + key > row + g->causal_limit; key--) {
      line[key] = -INFINITY;
    }
  }
}

/// Turns one row of scores into exponentials and folds them into the row's state.
static void fold_scores(const gaze_attention_arguments *g, softmax_state *state, int32_t row,
                        float *line, int32_t count) {
  float greatest = greatest_of_row(line, count);
  if (greatest < state->greatest[row]) greatest = state->greatest[row];
  if (greatest == -INFINITY) {
    hide_row(line, count);
    return;
  }
  if (greatest > state->greatest[row] && state->greatest[row] != -INFINITY) {
    float shrink = expf(state->greatest[row] - greatest);
    float *out = g->out + row * g->out_stride;
    scale_add(out, shrink, 0, out, g->width);
    state->sum[row] *= shrink;
  }
  state->greatest[row] = greatest;
  state->sum[row] += exponential_row(line, greatest, line, count);
}

static void attention(const gaze_attention_arguments *g) {
  float *panel = g->scratch;
  float *scores = panel + 8 * ((g->width + 31) & ~31);
  softmax_state state;
  for (int32_t row = 0; row < g->rows; row++) {
    state.greatest[row] = -INFINITY;
    state.sum[row] = 0;
    memset(g->out + row * g->out_stride, 0, (size_t)g->width * sizeof(float));
  }
  pack_f32(g->q, g->q_stride, g->rows, g->width, NULL, panel);
  for (int32_t first = 0; first < g->keys; first += GAZE_ATTENTION_BLOCK) {
    if (g->causal_limit != INT32_MAX && first > g->rows - 1 + g->causal_limit) break;
    int32_t count = g->keys - first;
    if (count > GAZE_ATTENTION_BLOCK) count = GAZE_ATTENTION_BLOCK;
    attention_scores(g, panel, scores, first, count);
    for (int32_t row = 0; row < g->rows; row++) {
      fold_scores(g, &state, row, scores + row * GAZE_ATTENTION_BLOCK, count);
    }
    gaze_outer_arguments sum = {.a = scores,
                                .a_row = GAZE_ATTENTION_BLOCK,
                                .a_step = 1,
                                .b = g->v + first * g->v_stride,
                                .b_step = g->v_stride,
                                .out = g->out,
                                .out_stride = g->out_stride,
                                .steps = count,
                                .rows = g->rows,
                                .width = g->width,
                                .accumulate = 1};
    outer(&sum);
  }
  for (int32_t row = 0; row < g->rows; row++) {
    float *out = g->out + row * g->out_stride;
    if (state.sum[row] > 0) scale_add(out, 1.0f / state.sum[row], 0, out, g->width);
  }
}

// MARK: gradients

/// The probabilities of some query rows, by their keys laid across.
static void attention_probabilities(const gaze_attention_gradient_arguments *g, int32_t first,
                                    int32_t rows, const float *keys, ptrdiff_t stride, float *p) {
  gaze_outer_arguments scores = {.a = g->q + first * g->q_stride, .a_row = g->q_stride,
                                 .a_step = 1, .b = keys, .b_step = stride, .out = p,
                                 .out_stride = stride, .steps = g->width, .rows = rows,
                                 .width = g->keys};
  outer(&scores);
  for (int32_t row = 0; row < rows; row++) {
    float *line = p + row * stride;
    int32_t seen = g->keys;
    if (g->causal_limit != INT32_MAX && first + row + g->causal_limit + 1 < seen) {
      seen = first + row + g->causal_limit + 1;
      if (seen < 0) seen = 0;
    }
    const float *mask = g->mask ? g->mask + (first + row) * g->mask_stride : NULL;
    softmax(line, mask, line, 1, seen, 0, g->scale);
    memset(line + seen, 0, (size_t)(g->keys - seen) * sizeof(float));
  }
}

static void attention_backward(const gaze_attention_gradient_arguments *g) {
  ptrdiff_t stride = (g->keys + 15) & ~15;
  float *keys = g->scratch, *values = keys + g->width * stride;
  int32_t block = g->queries < GAZE_ATTENTION_BLOCK ? g->queries : GAZE_ATTENTION_BLOCK;
  float *p = values + g->width * stride, *dp = p + block * stride;
  transpose(g->k, g->k_stride, g->keys, g->width, keys, stride);
  transpose(g->v, g->v_stride, g->keys, g->width, values, stride);
  for (int32_t first = 0; first < g->queries; first += block) {
    int32_t rows = g->queries - first < block ? g->queries - first : block;
    const float *q = g->q + first * g->q_stride, *dy = g->dy + first * g->dy_stride;
    attention_probabilities(g, first, rows, keys, stride, p);
    gaze_outer_arguments product = {.a = dy, .a_row = g->dy_stride, .a_step = 1, .b = values,
                                    .b_step = stride, .out = dp, .out_stride = stride,
                                    .steps = g->width, .rows = rows, .width = g->keys};
    outer(&product);
    // dv += pᵀ dy
    product = (gaze_outer_arguments){.a = p, .a_row = 1, .a_step = stride, .b = dy,
                                     .b_step = g->dy_stride, .out = g->dv,
                                     .out_stride = g->out_stride, .steps = rows, .rows = g->keys,
                                     .width = g->width, .accumulate = first > 0};
    outer(&product);
    for (int32_t row = 0; row < rows; row++) {
      softmax_backward(p + row * stride, dp + row * stride, dp + row * stride, 1, g->keys, g->scale);
    }
    // dq = ds k; dk += dsᵀ q
    product = (gaze_outer_arguments){.a = dp, .a_row = stride, .a_step = 1, .b = g->k,
                                     .b_step = g->k_stride,
                                     .out = g->dq + first * g->out_stride,
                                     .out_stride = g->out_stride, .steps = g->keys, .rows = rows,
                                     .width = g->width};
    outer(&product);
    product = (gaze_outer_arguments){.a = dp, .a_row = 1, .a_step = stride, .b = q,
                                     .b_step = g->q_stride, .out = g->dk,
                                     .out_stride = g->out_stride, .steps = rows, .rows = g->keys,
                                     .width = g->width, .accumulate = first > 0};
    outer(&product);
  }
}
