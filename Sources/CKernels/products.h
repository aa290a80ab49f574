// Matrix products. Both operands of a dot lie along k, so weights are read as they lie in
// their file: a tile of `rows` × COLUMNS accumulators stays in registers while one step of k
// is taken from each row of the panel and of the weights.
//
// The including file may set HAVE_NATIVE_BF16_DOT or HAVE_NATIVE_I8_DOT and define those
// formats itself, and must define TILE_ROWS (<= 6), f16_vector, and sum_four and sum_four_i:
// the sums over the lanes of four vectors, as one.

enum { COLUMNS = 4 };

// MARK: formats
// A format NAME is: NAME_acc and NAME_b types, NAME_STEP elements of k per step, NAME_BYTES
// panel bytes and NAME_WEIGHT_BYTES weight bytes per step, NAME_load and NAME_multiply.

typedef vf f32_acc, f32_b;
enum { f32_STEP = LANES, f32_BYTES = VECTOR_BYTES, f32_WEIGHT_BYTES = VECTOR_BYTES };
INLINE vf f32_load(const char *w) { return load((const float *)w); }
INLINE vf f32_multiply(vf acc, const char *a, vf b) { return acc + load((const float *)a) * b; }

typedef vf f16_acc, f16_b;
enum { f16_STEP = LANES, f16_BYTES = VECTOR_BYTES, f16_WEIGHT_BYTES = VECTOR_BYTES / 2 };
INLINE vf f16_load(const char *w) { return f16_vector(w); }
INLINE vf f16_multiply(vf acc, const char *a, vf b) { return acc + load((const float *)a) * b; }

// bf16 weights in f32 arithmetic: a vector holds pairs; the panel keeps even and odd k apart.
typedef struct { vf even, odd; } bf16_pair;
typedef vf bf16_exact_acc;
typedef bf16_pair bf16_exact_b;
enum {
  bf16_exact_STEP = 2 * LANES,
  bf16_exact_BYTES = 2 * VECTOR_BYTES,
  bf16_exact_WEIGHT_BYTES = VECTOR_BYTES
};
INLINE bf16_pair bf16_exact_load(const char *w) {
  vu both;
  memcpy(&both, w, VECTOR_BYTES);
  bf16_pair pair = {(vf)(both << 16), (vf)(both & 0xffff0000u)};
  return pair;
}
INLINE vf bf16_exact_multiply(vf acc, const char *a, bf16_pair b) {
  acc += load((const float *)a) * b.even;
  return acc + load((const float *)(a + VECTOR_BYTES)) * b.odd;
}

#ifndef HAVE_NATIVE_I8_DOT
typedef vi i8_acc, i8_b;
enum { i8_STEP = LANES, i8_BYTES = LANES, i8_WEIGHT_BYTES = LANES, I8_OFFSET = 0 };
typedef int8_t i8_lanes __attribute__((vector_size(LANES)));
INLINE vi i8_load(const char *w) {
  i8_lanes bytes;
  memcpy(&bytes, w, LANES);
  return __builtin_convertvector(bytes, vi);
}
INLINE vi i8_multiply(vi acc, const char *a, vi b) { return acc + i8_load(a) * b; }
#endif

// MARK: packing

static void pack_f32(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                     const float *scales, void *panel) {
  (void)scales;
  float *to = panel;
  for (int64_t at = 0; at < k; at += LANES) {
    for (int32_t row = 0; row < rows; row++, to += LANES) {
      const float *from = x + row * stride + at;
      store(to, k - at >= LANES ? load(from) : load_first(from, k - at));
    }
  }
}

INLINE void pack_pairs(const float *x, ptrdiff_t stride, int32_t rows, int64_t k, float *to,
                       int rounded) {
  for (int64_t at = 0; at < k; at += 2 * LANES) {
    for (int32_t row = 0; row < rows; row++, to += 2 * LANES) {
      const float *from = x + row * stride + at;
      for (int32_t i = 0; i < 2 * LANES; i++) {
        float value = at + i < k ? from[i] : 0;
        to[(i & 1) * LANES + i / 2] = rounded ? bf16_value(bf16_bits(value)) : value;
      }
    }
  }
}

static void pack_bf16_exact(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                            const float *scales, void *panel) {
  (void)scales;
  pack_pairs(x, stride, rows, k, panel, 0);
}

#ifndef HAVE_NATIVE_BF16_DOT
static void pack_bf16_rounded(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                              const float *scales, void *panel) {
  (void)scales;
  pack_pairs(x, stride, rows, k, panel, 1);
}
#endif

static void pack_i8(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                    const float *scales, void *panel) {
  uint8_t *to = panel;
  for (int64_t at = 0; at < k; at += i8_STEP) {
    for (int32_t row = 0; row < rows; row++) {
      const float *from = x + row * stride + at;
      float inverse = inverse_of_scale(scales[row]);
      int64_t count = k - at < i8_STEP ? k - at : i8_STEP;
      for (int64_t i = 0; i < count; i++) *to++ = (uint8_t)(quantized(from[i], inverse) + I8_OFFSET);
      for (int64_t i = count; i < i8_STEP; i++) *to++ = (uint8_t)I8_OFFSET;
    }
  }
}

// MARK: tiles

/// Four column sums of one row, finished and written; `columns` of them are real.
INLINE void finish_row(const gaze_dot_arguments *g, int32_t row, int32_t column, v4f sums,
                       const int columns) {
  float *out = g->out + row * g->out_stride + column;
  if (columns == COLUMNS) {
    v4f bias, before;
    if (g->bias) {
      memcpy(&bias, g->bias + column, sizeof bias);
      sums += bias;
    }
    if (g->accumulate) {
      memcpy(&before, out, sizeof before);
      sums = before + sums;
    }
    memcpy(out, &sums, sizeof sums);
    return;
  }
  for (int j = 0; j < columns; j++) {
    float value = sums[j];
    if (g->bias) value += g->bias[column + j];
    out[j] = g->accumulate ? out[j] + value : value;
  }
}

INLINE v4f row_sums_f(const vf *acc, const int columns) {
  if (columns == COLUMNS) return sum_four(acc[0], acc[1], acc[2], acc[3]);
  v4f sums = {sum_lanes(acc[0])};
  return sums;
}

INLINE v4f row_sums_i(const gaze_dot_arguments *g, int32_t row, int32_t column, const vi *acc,
                      const int columns) {
  if (columns == COLUMNS) {
    v4i totals = sum_four_i(acc[0], acc[1], acc[2], acc[3]), offsets;
    if (I8_OFFSET) {
      memcpy(&offsets, g->weight_sums + column, sizeof offsets);
      totals -= I8_OFFSET * offsets;
    }
    v4f scales;
    memcpy(&scales, g->weight_scales + column, sizeof scales);
    return __builtin_convertvector(totals, v4f) * (g->row_scales[row] * scales);
  }
  v4f sums = {0};
  for (int j = 0; j < columns; j++) {
    int32_t total = 0;
    for (int lane = 0; lane < LANES; lane++) total += acc[j][lane];
    total -= I8_OFFSET * (I8_OFFSET ? g->weight_sums[column + j] : 0);
    sums[j] = (float)total * (g->row_scales[row] * g->weight_scales[column + j]);
  }
  return sums;
}

#define f32_SUMS(g, row, column, acc, columns) row_sums_f(acc, columns)
#define f16_SUMS(g, row, column, acc, columns) row_sums_f(acc, columns)
#define bf16_exact_SUMS(g, row, column, acc, columns) row_sums_f(acc, columns)
#define bf16_SUMS(g, row, column, acc, columns) row_sums_f(acc, columns)
#define i8_SUMS(g, row, column, acc, columns) row_sums_i(g, row, column, acc, columns)

#define DEFINE_DOT(NAME)                                                                      \
  INLINE void NAME##_step(NAME##_acc acc[TILE_ROWS][COLUMNS], const char *a, const char *w,   \
                          ptrdiff_t stride, const int rows, const int columns) {              \
    NAME##_b b[COLUMNS];                                                                      \
    UNROLL for (int j = 0; j < columns; j++) b[j] = NAME##_load(w + j * stride);              \
    UNROLL for (int i = 0; i < rows; i++) {                                                   \
      UNROLL for (int j = 0; j < columns; j++) {                                              \
        acc[i][j] = NAME##_multiply(acc[i][j], a + i * NAME##_BYTES, b[j]);                   \
      }                                                                                       \
    }                                                                                         \
  }                                                                                           \
  INLINE void NAME##_tile(const gaze_dot_arguments *g, int32_t column, const int rows,        \
                          const int columns) {                                                \
    NAME##_acc acc[TILE_ROWS][COLUMNS];                                                       \
    memset(acc, 0, sizeof acc);                                                               \
    const char *a = g->panel;                                                                 \
    const char *w = (const char *)g->weights + column * g->weight_stride;                     \
    int64_t steps = g->k / NAME##_STEP;                                                       \
    for (int64_t s = 0; s < steps; s++) {                                                     \
      NAME##_step(acc, a, w, g->weight_stride, rows, columns);                                \
      UNROLL for (int j = 0; j < columns; j++) {                                              \
        __builtin_prefetch(w + (columns + j) * g->weight_stride);                             \
      }                                                                                       \
      a += rows * NAME##_BYTES;                                                               \
      w += NAME##_WEIGHT_BYTES;                                                               \
    }                                                                                         \
    size_t rest = (size_t)(g->k % NAME##_STEP) * NAME##_WEIGHT_BYTES / NAME##_STEP;           \
    if (rest) {                                                                               \
      char padded[COLUMNS][NAME##_WEIGHT_BYTES];                                              \
      memset(padded, 0, sizeof padded);                                                       \
      for (int j = 0; j < columns; j++) memcpy(padded[j], w + j * g->weight_stride, rest);    \
      NAME##_step(acc, a, padded[0], NAME##_WEIGHT_BYTES, rows, columns);                     \
    }                                                                                         \
    UNROLL for (int i = 0; i < rows; i++) {                                                   \
      finish_row(g, i, column, NAME##_SUMS(g, i, column, acc[i], columns), columns);          \
    }                                                                                         \
  }                                                                                           \
  INLINE void NAME##_sweep(const gaze_dot_arguments *g, const int rows) {                     \
    int32_t column = 0;                                                                       \
    for (; column + COLUMNS <= g->columns; column += COLUMNS) {                               \
      NAME##_tile(g, column, rows, COLUMNS);                                                  \
    }                                                                                         \
    for (; column < g->columns; column++) NAME##_tile(g, column, rows, 1);                    \
  }                                                                                           \
  static void NAME##_block(const gaze_dot_arguments *g) {                                     \
    switch (g->rows) {                                                                        \
      case 1: NAME##_sweep(g, 1); break;                                                      \
      case 2: NAME##_sweep(g, 2); break;                                                      \
      case 3: NAME##_sweep(g, 3); break;                                                      \
      TILE_CASES(NAME)                                                                        \
    }                                                                                         \
  }

#if defined(ROW_CASES_TO_6)
#define TILE_CASES(NAME)                     \
  case 4: NAME##_sweep(g, 4); break;         \
  case 5: NAME##_sweep(g, 5); break;         \
  case 6: NAME##_sweep(g, 6); break;
#else
#define TILE_CASES(NAME)
#endif

DEFINE_DOT(f32)
DEFINE_DOT(f16)
DEFINE_DOT(bf16_exact)
DEFINE_DOT(i8)
#ifdef HAVE_NATIVE_BF16_DOT
DEFINE_DOT(bf16)
#endif

// MARK: outer products

INLINE void outer_tile(const gaze_outer_arguments *g, int32_t row, int32_t column,
                       const int rows, const int vectors, int64_t lanes) {
  vf acc[TILE_ROWS][COLUMNS];
  UNROLL for (int i = 0; i < rows; i++) {
    UNROLL for (int j = 0; j < vectors; j++) {
      const float *out = g->out + (row + i) * g->out_stride + column + j * LANES;
      vf zero = {0};
      acc[i][j] = !g->accumulate ? zero : lanes == LANES ? load(out) : load_first(out, lanes);
    }
  }
  const float *p = g->p + row * g->p_row;
  const float *v = g->v + column;
  for (int64_t s = 0; s < g->terms; s++, p += g->p_column, v += g->v_stride) {
    vf values[COLUMNS];
    UNROLL for (int j = 0; j < vectors; j++) {
      values[j] = lanes == LANES ? load(v + j * LANES) : load_first(v, lanes);
    }
    UNROLL for (int i = 0; i < rows; i++) {
      float weight = p[i * g->p_row];
      UNROLL for (int j = 0; j < vectors; j++) acc[i][j] += values[j] * weight;
    }
  }
  UNROLL for (int i = 0; i < rows; i++) {
    UNROLL for (int j = 0; j < vectors; j++) {
      float *out = g->out + (row + i) * g->out_stride + column + j * LANES;
      if (lanes == LANES) store(out, acc[i][j]);
      else store_first(out, acc[i][j], lanes);
    }
  }
}

INLINE void outer_rows(const gaze_outer_arguments *g, int32_t row, const int rows) {
  int32_t column = 0;
  for (; column + COLUMNS * LANES <= g->width; column += COLUMNS * LANES) {
    outer_tile(g, row, column, rows, COLUMNS, LANES);
  }
  for (; column + LANES <= g->width; column += LANES) outer_tile(g, row, column, rows, 1, LANES);
  if (column < g->width) outer_tile(g, row, column, rows, 1, g->width - column);
}

static void outer(const gaze_outer_arguments *g) {
  int32_t row = 0;
  for (; row + TILE_ROWS <= g->rows; row += TILE_ROWS) outer_rows(g, row, TILE_ROWS);
  for (; row < g->rows; row++) outer_rows(g, row, 1);
}
