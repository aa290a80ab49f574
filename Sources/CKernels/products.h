// Matrix products. Both operands of a dot lie along k, so weights are read as they lie in
// their file: a tile of `rows` × COLUMNS accumulators stays in registers while one step of k
// is taken from each row of the panel and of the weights.
//
// The including file may set HAVE_NATIVE_BF16_DOT or HAVE_NATIVE_I8_DOT and define those
// formats itself, and must define TILE_ROWS (<= 6), f16_vector, f16_scale (a half that stands
// before others, in every lane), and sum_four and sum_four_i: the sums over the lanes of four
// vectors, as one.

enum { COLUMNS = 4 };

// MARK: formats
// A format NAME is: NAME_acc, NAME_a and NAME_b types, NAME_STEP elements of k per step,
// NAME_BYTES panel bytes and NAME_WEIGHT_BYTES weight bytes per step, NAME_load_a, NAME_load and
// NAME_multiply. A step of NAME_PARTS parts takes one vector of each panel row for each part.

typedef vf f32_acc, f32_a, f32_b;
enum {
  f32_STEP = LANES,
  f32_BYTES = VECTOR_BYTES,
  f32_WEIGHT_BYTES = VECTOR_BYTES,
  f32_PARTS = 1
};
INLINE vf f32_load(const char *w, int part) {
  (void)part;
  return load((const float *)w);
}
INLINE vf f32_load_a(const char *a) { return load((const float *)a); }
INLINE vf f32_multiply(vf acc, vf a, vf b) { return acc + a * b; }

typedef vf f16_acc, f16_a, f16_b;
enum {
  f16_STEP = LANES,
  f16_BYTES = VECTOR_BYTES,
  f16_WEIGHT_BYTES = VECTOR_BYTES / 2,
  f16_PARTS = 1
};
INLINE vf f16_load(const char *w, int part) {
  (void)part;
  return f16_vector(w);
}
INLINE vf f16_load_a(const char *a) { return load((const float *)a); }
INLINE vf f16_multiply(vf acc, vf a, vf b) { return acc + a * b; }

// bf16 weights in f32 arithmetic: a vector holds pairs; the panel keeps even and odd k apart.
typedef vf bf16_exact_acc, bf16_exact_a, bf16_exact_b;
enum {
  bf16_exact_STEP = 2 * LANES,
  bf16_exact_BYTES = 2 * VECTOR_BYTES,
  bf16_exact_WEIGHT_BYTES = VECTOR_BYTES,
  bf16_exact_PARTS = 2
};
INLINE vf bf16_exact_load(const char *w, int part) {
  vu both;
  memcpy(&both, w, VECTOR_BYTES);
  return (vf)(part == 0 ? both << 16 : both & 0xffff0000u);
}
INLINE vf bf16_exact_load_a(const char *a) { return load((const float *)a); }
INLINE vf bf16_exact_multiply(vf acc, vf a, vf b) { return acc + a * b; }

#include "blocks.h"

#ifndef HAVE_NATIVE_I8_DOT
// Both operands are widened at each step: a compiler that sees where they come from multiplies
// them as the small numbers that they are.
typedef vi i8_acc, i8_a, i8_b;
typedef int8_t i8_panel;
enum { i8_STEP = LANES, i8_BYTES = LANES, i8_WEIGHT_BYTES = LANES, i8_PARTS = 1, I8_OFFSET = 0 };
INLINE vi i8_load(const char *w, int part) {
  (void)part;
  byte_lanes bytes;
  memcpy(&bytes, w, LANES);
  return __builtin_convertvector(bytes, vi);
}
INLINE vi i8_load_a(const char *a) { return i8_load(a, 0); }
INLINE vi i8_multiply(vi acc, vi a, vi b) { return acc + a * b; }
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

static void pack_blocks(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                        const float *scales, void *panel) {
  (void)scales;
  float *to = panel;
  for (int64_t at = 0; at < k; at += BLOCK) {
    for (int32_t row = 0; row < rows; row++, to += BLOCK) {
      memcpy(to, x + row * stride + at, BLOCK * sizeof *to);
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
  i8_panel *to = panel;
  for (int64_t at = 0; at < k; at += i8_STEP) {
    for (int32_t row = 0; row < rows; row++) {
      const float *from = x + row * stride + at;
      float inverse = inverse_of_scale(scales[row]);
      int64_t count = k - at < i8_STEP ? k - at : i8_STEP;
      for (int64_t i = 0; i < count; i++) {
        to[i] = (i8_panel)(quantized(from[i], inverse) + I8_OFFSET);
      }
      for (int64_t i = count; i < i8_STEP; i++) to[i] = (i8_panel)I8_OFFSET;
      to += i8_STEP;
    }
  }
}

// MARK: tiles

// Ends a column of a tile before the next one is loaded. A tile fills the registers but for one
// vector of weights; a compiler that reads ahead would spill accumulators.
#if defined(__x86_64__)
#define FINISH(accumulator) __asm__ volatile("" : "+v"(accumulator) : : "memory")
#elif defined(__aarch64__)
#define FINISH(accumulator) __asm__ volatile("" : "+w"(accumulator) : : "memory")
#else
#define FINISH(accumulator) (void)(accumulator)
#endif

// Keeps an array out of registers: lanes are filled from memory for nothing, not from a register.
#if defined(__x86_64__)
#define IN_MEMORY(array) __asm__ volatile("" : "+m"(array))
#else
#define IN_MEMORY(array) (void)(array)
#endif

/// The column sums of one row, finished and written: `columns` of them, `spread` columns apart.
INLINE void finish_row(const gaze_dot_arguments *g, int32_t row, int32_t column, v4f sums,
                       const int columns, int32_t spread) {
  float *out = g->out + row * g->out_stride + column;
  if (columns == COLUMNS && spread == 1) {
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
    if (g->bias) value += g->bias[column + j * spread];
    out[j * spread] = g->accumulate ? out[j * spread] + value : value;
  }
}

INLINE v4f row_sums_f(const vf *acc, const int columns) {
  if (columns == COLUMNS) return sum_four(acc[0], acc[1], acc[2], acc[3]);
  v4f sums = {sum_lanes(acc[0])};
  return sums;
}

INLINE v4f row_sums_i(const gaze_dot_arguments *g, int32_t row, int32_t column, const vi *acc,
                      const int columns, int32_t spread) {
  vi none = {0};
  v4i totals = columns == COLUMNS ? sum_four_i(acc[0], acc[1], acc[2], acc[3])
                                  : sum_four_i(acc[0], none, none, none);
  v4i offsets = {0};
  v4f scales = {0};
  if (columns == COLUMNS && spread == 1) {
    if (I8_OFFSET) memcpy(&offsets, g->weight_sums + column, sizeof offsets);
    memcpy(&scales, g->weight_scales + column, sizeof scales);
  } else {
    for (int j = 0; j < columns; j++) {
      if (I8_OFFSET) offsets[j] = g->weight_sums[column + j * spread];
      scales[j] = g->weight_scales[column + j * spread];
    }
  }
  totals -= I8_OFFSET * offsets;
  return __builtin_convertvector(totals, v4f) * (g->row_scales[row] * scales);
}

#define f32_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define f16_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define q8_0_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define q4_0_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define bf16_exact_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define bf16_SUMS(g, row, column, acc, columns, spread) row_sums_f(acc, columns)
#define i8_SUMS(g, row, column, acc, columns, spread) \
  row_sums_i(g, row, column, acc, columns, spread)

// One row is limited by memory: it reads four columns a quarter of the matrix apart, because four
// long streams are what the prefetchers of a processor follow best. More rows reuse what they
// read, and take neighbours; while weights still come from memory, the next tile's are fetched
// into the second-level cache (the first is full of the panel).
#define DEFINE_STEP(NAME, STEP)                                                               \
  INLINE void STEP(NAME##_acc acc[TILE_ROWS][COLUMNS], const char *a, const char *w,          \
                   ptrdiff_t stride, const int rows, const int columns) {                     \
    UNROLL for (int part = 0; part < NAME##_PARTS; part++) {                                  \
      NAME##_a from[TILE_ROWS];                                                               \
      UNROLL for (int i = 0; i < rows; i++) {                                                 \
        from[i] = NAME##_load_a(a + i * NAME##_BYTES + part * VECTOR_BYTES);                  \
      }                                                                                       \
      UNROLL for (int j = 0; j < columns; j++) {                                              \
        NAME##_b b = NAME##_load(w + j * stride, part);                                       \
        UNROLL for (int i = 0; i < rows; i++) {                                               \
          acc[i][j] = NAME##_multiply(acc[i][j], from[i], b);                                 \
        }                                                                                     \
        UNROLL for (int i = 0; i < rows; i++) FINISH(acc[i][j]);                              \
      }                                                                                       \
    }                                                                                         \
  }

// Many rows share a weight that was multiplied by its scale; for one, it is cheaper to multiply
// what the block sums to. Short blocks ask for their streams so slowly that prefetchers fall
// behind; asked for eight lines ahead they come a tenth faster.
#define DEFINE_BLOCK_STEP(NAME)                                                               \
  DEFINE_STEP(NAME, NAME##_shared_step)                                                       \
  INLINE void NAME##_step(NAME##_acc acc[TILE_ROWS][COLUMNS], const char *a, const char *w,   \
                          ptrdiff_t stride, const int rows, const int columns) {              \
    if (rows > 1) {                                                                           \
      NAME##_shared_step(acc, a, w, stride, rows, columns);                                   \
      return;                                                                                 \
    }                                                                                         \
    float scales[COLUMNS];                                                                    \
    f16_scales(w, stride, columns, scales);                                                   \
    IN_MEMORY(scales);                                                                        \
    UNROLL for (int j = 0; j < columns; j++) {                                                \
      const char *block = w + j * stride;                                                     \
      __builtin_prefetch((const void *)((uintptr_t)block + 512), 0, 3);                       \
      vf sum = NAME##_load_a(a) * NAME##_quants(block, 0);                                    \
      UNROLL for (int part = 1; part < NAME##_PARTS; part++) {                                \
        sum += NAME##_load_a(a + part * VECTOR_BYTES) * NAME##_quants(block, part);           \
      }                                                                                       \
      acc[0][j] += sum * scales[j];                                                           \
    }                                                                                         \
  }

#define DEFINE_TILES(NAME)                                                                    \
  INLINE void NAME##_tile(const gaze_dot_arguments *g, int32_t column, const int rows,        \
                          const int columns, int32_t spread) {                                \
    NAME##_acc acc[TILE_ROWS][COLUMNS];                                                       \
    memset(acc, 0, sizeof acc);                                                               \
    const char *a = g->panel;                                                                 \
    const char *w = (const char *)g->weights + column * g->weight_stride;                     \
    ptrdiff_t stride = spread * g->weight_stride;                                             \
    int64_t steps = g->k / NAME##_STEP;                                                       \
    const char *ahead = g->weights_are_cold && rows > 1 ? w + columns * stride : NULL;        \
    for (int64_t s = 0; s < steps; s++) {                                                     \
      if (ahead) {                                                                            \
        UNROLL for (int j = 0; j < columns; j++) {                                            \
          __builtin_prefetch(ahead + j * stride, 0, 2);                                       \
        }                                                                                     \
        ahead += NAME##_WEIGHT_BYTES;                                                         \
      }                                                                                       \
      NAME##_step(acc, a, w, stride, rows, columns);                                          \
      a += rows * NAME##_BYTES;                                                               \
      w += NAME##_WEIGHT_BYTES;                                                               \
    }                                                                                         \
    size_t rest = (size_t)(g->k % NAME##_STEP) * NAME##_WEIGHT_BYTES / NAME##_STEP;           \
    if (rest) {                                                                               \
      char padded[COLUMNS][NAME##_WEIGHT_BYTES];                                              \
      memset(padded, 0, sizeof padded);                                                       \
      for (int j = 0; j < columns; j++) copy_rest(padded[j], w + j * stride, rest);           \
      NAME##_step(acc, a, padded[0], NAME##_WEIGHT_BYTES, rows, columns);                     \
    }                                                                                         \
    UNROLL for (int i = 0; i < rows; i++) {                                                   \
      v4f sums = NAME##_SUMS(g, i, column, acc[i], columns, spread);                          \
      finish_row(g, i, column, sums, columns, spread);                                        \
    }                                                                                         \
  }                                                                                           \
  INLINE void NAME##_sweep(const gaze_dot_arguments *g, const int rows) {                     \
    int32_t quarter = g->columns / COLUMNS, column = quarter * COLUMNS;                       \
    for (int32_t i = 0; i < quarter; i++) {                                                   \
      if (rows == 1) NAME##_tile(g, i, rows, COLUMNS, quarter);                               \
      else NAME##_tile(g, i * COLUMNS, rows, COLUMNS, 1);                                     \
    }                                                                                         \
    for (; column < g->columns; column++) NAME##_tile(g, column, rows, 1, 1);                 \
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

#define DEFINE_DOT(NAME)           \
  DEFINE_STEP(NAME, NAME##_step)   \
  DEFINE_TILES(NAME)
#define DEFINE_BLOCK_DOT(NAME)     \
  DEFINE_BLOCK_STEP(NAME)          \
  DEFINE_TILES(NAME)

DEFINE_DOT(f32)
DEFINE_DOT(f16)
DEFINE_DOT(bf16_exact)
DEFINE_BLOCK_DOT(q8_0)
DEFINE_BLOCK_DOT(q4_0)
DEFINE_DOT(i8)
#ifdef HAVE_NATIVE_BF16_DOT
DEFINE_DOT(bf16)
#endif
