// Outer products: rows of `b` lie across the columns of the sums, as attention gathers values, as
// gradients are summed, and as weights are packed for it. No lanes are summed at the end. An element
// of either operand takes four bytes: a float, or a pair of bf16 that are neighbours along the
// summed dimension. The three products of a linear layer differ only in what is paired.

#ifdef HAVE_NATIVE_BF16_DOT
INLINE vf multiply_pairs(vf acc, vu a, vu b) {
  return (vf)_mm512_dpbf16_ps((__m512)acc, (__m512bh)a, (__m512bh)b);
}
#else
INLINE vf multiply_pairs(vf acc, vu a, vu b) {
  const uint32_t high = 0xffff0000u;
  acc += (vf)(a << 16) * (vf)(b << 16);
  return acc + (vf)(a & high) * (vf)(b & high);
}
#endif

/// The four bytes at `p` in every lane, whatever they are.
INLINE vu broadcast_element(const float *p) {
  uint32_t element;
  vu zero = {0};
  memcpy(&element, p, sizeof element);
  return zero + element;
}

enum { CACHE_LINE = 64 };

/// The part of what is read next that is asked for while one tile of rows is summed, a line a step;
/// null where there is none left.
INLINE const char *outer_ahead(const gaze_outer_arguments *g, int32_t row) {
  int64_t part = g->steps * CACHE_LINE, from = row / TILE_ROWS * part;
  return g->ahead && from + part <= g->ahead_bytes ? (const char *)g->ahead + from : NULL;
}

INLINE void outer_tile(const gaze_outer_arguments *g, int32_t row, int32_t column, const int rows,
                       const int vectors, int64_t lanes, const int paired) {
  vf acc[TILE_ROWS][COLUMNS];
  UNROLL for (int j = 0; j < vectors; j++) {
    vf bias = {0};
    if (g->bias) {
      const float *from = g->bias + column + j * LANES;
      bias = lanes == LANES ? load(from) : load_first(from, lanes);
    }
    UNROLL for (int i = 0; i < rows; i++) {
      const float *out = g->out + (row + i) * g->out_stride + column + j * LANES;
      acc[i][j] = !g->accumulate ? bias : lanes == LANES ? load(out) : load_first(out, lanes);
    }
  }
  // Read by `load` and `broadcast_element` alone, which ask for no type.
  const float *a = (const float *)g->a + row * g->a_row;
  const float *b = (const float *)g->b + column;
  // The processor brings most of a panel by itself, not its beginning: a fortieth of the time.
  const char *ahead = column == 0 && vectors == COLUMNS ? outer_ahead(g, row) : NULL;
  const ptrdiff_t line = ahead ? CACHE_LINE : 0;
  if (!ahead) ahead = (const char *)b;
  for (int64_t s = 0; s < g->steps; s++, a += g->a_step, b += g->b_step) {
    __builtin_prefetch(ahead, 0, 2);
    ahead += line;
    vu from[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) from[i] = broadcast_element(a + i * g->a_row);
    UNROLL for (int j = 0; j < vectors; j++) {
      vf values = lanes == LANES ? load(b + j * LANES) : load_first(b + j * LANES, lanes);
      UNROLL for (int i = 0; i < rows; i++) {
        acc[i][j] = paired ? multiply_pairs(acc[i][j], from[i], (vu)values)
                           : acc[i][j] + values * (vf)from[i];
      }
      UNROLL for (int i = 0; i < rows; i++) FINISH(acc[i][j]);
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

INLINE void outer_rows(const gaze_outer_arguments *g, int32_t row, const int rows,
                       const int paired) {
  int32_t column = 0;
  for (; column + COLUMNS * LANES <= g->width; column += COLUMNS * LANES) {
    outer_tile(g, row, column, rows, COLUMNS, LANES, paired);
  }
  for (; column + LANES <= g->width; column += LANES) {
    outer_tile(g, row, column, rows, 1, LANES, paired);
  }
  if (column < g->width) outer_tile(g, row, column, rows, 1, g->width - column, paired);
}

INLINE void outer_product(const gaze_outer_arguments *g, const int paired) {
  int32_t row = 0;
  for (; row + TILE_ROWS <= g->rows; row += TILE_ROWS) outer_rows(g, row, TILE_ROWS, paired);
  switch (g->rows - row) {
    case 1: outer_rows(g, row, 1, paired); break;
    case 2: outer_rows(g, row, 2, paired); break;
#if defined(ROW_CASES_TO_6)
    case 3: outer_rows(g, row, 3, paired); break;
    case 4: outer_rows(g, row, 4, paired); break;
    case 5: outer_rows(g, row, 5, paired); break;
#endif
  }
}

static void outer(const gaze_outer_arguments *g) { outer_product(g, 0); }

static void outer_pairs(const gaze_outer_arguments *g) { outer_product(g, 1); }

// MARK: laying operands out

/// out[column][row] = x[row][column], a few columns at a time: what is written stays in the cache.
static void transpose(const float *x, ptrdiff_t stride, int32_t rows, int64_t width, float *out,
                      ptrdiff_t out_stride) {
  for (int64_t first = 0; first < width; first += LANES) {
    int64_t end = first + LANES < width ? first + LANES : width;
    for (int32_t row = 0; row < rows; row++) {
      for (int64_t i = first; i < end; i++) out[i * out_stride + row] = x[row * stride + i];
    }
  }
}

/// out[i] = (first[i], second[i]) in bf16; a missing second row is zeros.
static void pair_f32_rows(const float *first, const float *second, uint32_t *out, int64_t count) {
  int64_t i = 0;
#ifdef HAVE_NATIVE_BF16_DOT
  const __m512i interleaved = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
      19, 3, 18, 2, 17, 1, 16, 0);
  for (; i + LANES <= count; i += LANES) {
    vf none = {0};
    vf high = second ? load(second + i) : none;
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)load(first + i));
    _mm512_storeu_si512(out + i, _mm512_permutexvar_epi16(interleaved, both));
  }
#endif
  for (; i < count; i++) {
    out[i] = bf16_bits(first[i]) | (second ? (uint32_t)bf16_bits(second[i]) << 16 : 0);
  }
}

/// The same of rows that are bf16 already.
static void pair_bf16_rows(const uint16_t *first, const uint16_t *second, uint32_t *out,
                           int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    out[i] = first[i] | (second ? (uint32_t)second[i] << 16 : 0);
  }
}

/// out[s][row] = (x[row][2 s], x[row][2 s + 1]) in bf16, zero-filled to a whole pair.
static void pair_f32_columns(const float *x, ptrdiff_t stride, int32_t rows, int64_t k,
                             uint32_t *out, ptrdiff_t out_stride) {
  for (int32_t row = 0; row < rows; row++) {
    const float *from = x + row * stride;
    for (int64_t s = 0; s < (k + 1) / 2; s++) {
      uint32_t second = 2 * s + 1 < k ? bf16_bits(from[2 * s + 1]) : 0;
      out[s * out_stride + row] = bf16_bits(from[2 * s]) | second << 16;
    }
  }
}
