// Products of bf16 in pairs, as training multiplies: an element of either operand is a pair of
// neighbours along the summed dimension, and rows of pairs lie across the other one, so that no
// lanes are summed at the end. The three products of a linear layer differ only in what is paired.

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

INLINE vu load_pairs(const uint32_t *p, int64_t lanes) {
  return lanes == LANES ? (vu)load((const float *)p) : (vu)load_first((const float *)p, lanes);
}

INLINE void pairs_tile(const gaze_pair_arguments *g, int32_t row, int32_t column, const int rows,
                       const int vectors, int64_t lanes) {
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
  const uint32_t *a = g->a + row * g->a_row;
  const uint32_t *b = g->b + column;
  for (int64_t s = 0; s < g->steps; s++, a += g->a_step, b += g->b_step) {
    vu from[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) {
      vu zero = {0};
      from[i] = zero + a[i * g->a_row];
    }
    UNROLL for (int j = 0; j < vectors; j++) {
      vu values = load_pairs(b + j * LANES, lanes);
      UNROLL for (int i = 0; i < rows; i++) acc[i][j] = multiply_pairs(acc[i][j], from[i], values);
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

INLINE void pairs_rows(const gaze_pair_arguments *g, int32_t row, const int rows) {
  int32_t column = 0;
  for (; column + COLUMNS * LANES <= g->width; column += COLUMNS * LANES) {
    pairs_tile(g, row, column, rows, COLUMNS, LANES);
  }
  for (; column + LANES <= g->width; column += LANES) pairs_tile(g, row, column, rows, 1, LANES);
  if (column < g->width) pairs_tile(g, row, column, rows, 1, g->width - column);
}

static void multiply_bf16_pairs(const gaze_pair_arguments *g) {
  int32_t row = 0;
  for (; row + TILE_ROWS <= g->rows; row += TILE_ROWS) pairs_rows(g, row, TILE_ROWS);
  switch (g->rows - row) {
    case 1: pairs_rows(g, row, 1); break;
    case 2: pairs_rows(g, row, 2); break;
#if defined(ROW_CASES_TO_6)
    case 3: pairs_rows(g, row, 3); break;
    case 4: pairs_rows(g, row, 4); break;
    case 5: pairs_rows(g, row, 5); break;
#endif
  }
}

// MARK: laying pairs out

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
