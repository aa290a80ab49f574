// Outer products: rows of weights against rows that lie across k, as attention gathers values
// and gradients are summed.

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
    vf weights[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) weights[i] = broadcast(p[i * g->p_row]);
    UNROLL for (int j = 0; j < vectors; j++) {
      vf values = lanes == LANES ? load(v + j * LANES) : load_first(v, lanes);
      UNROLL for (int i = 0; i < rows; i++) acc[i][j] += values * weights[i];
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
  switch (g->rows - row) {
    case 1: outer_rows(g, row, 1); break;
    case 2: outer_rows(g, row, 2); break;
#if defined(ROW_CASES_TO_6)
    case 3: outer_rows(g, row, 3); break;
    case 4: outer_rows(g, row, 4); break;
    case 5: outer_rows(g, row, 5); break;
#endif
  }
}
