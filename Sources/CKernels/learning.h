// What training alone needs: gradients by row, and a step of the optimiser.

/// With h = (x - mean) / deviation and g = dy * gain: dx = (g - mean(g) - h mean(g h)) / deviation;
/// dgain += sum of dy h, dbias += sum of dy.
static void layer_norm_backward(const float *x, const float *gain, const float *statistics,
                                const float *dy, float *dx, float *dgain, float *dbias,
                                int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; row++, x += width, dy += width) {
    float mean = statistics[2 * row], inverse = statistics[2 * row + 1];
    vf sum = {0}, projection = {0};
    for (int64_t i = 0; i < width; i += LANES) {
      int64_t count = width - i < LANES ? width - i : LANES;
      int whole = count == LANES;
      vf slope = whole ? load(dy + i) : load_first(dy + i, count);
      vf hat = ((whole ? load(x + i) : load_first(x + i, count)) - mean) * inverse;
      if (dgain) {
        vf gains = (whole ? load(dgain + i) : load_first(dgain + i, count)) + slope * hat;
        vf biases = (whole ? load(dbias + i) : load_first(dbias + i, count)) + slope;
        store_first_or_all(dgain + i, gains, count);
        store_first_or_all(dbias + i, biases, count);
      }
      vf g = slope * (whole ? load(gain + i) : load_first(gain + i, count));
      sum += g;
      projection += g * hat;
    }
    if (!dx) continue;
    float shift = sum_lanes(sum) / (float)width, along = sum_lanes(projection) / (float)width;
    for (int64_t i = 0; i < width; i += LANES) {
      int64_t count = width - i < LANES ? width - i : LANES;
      int whole = count == LANES;
      vf g = (whole ? load(dy + i) : load_first(dy + i, count)) *
             (whole ? load(gain + i) : load_first(gain + i, count));
      vf hat = ((whole ? load(x + i) : load_first(x + i, count)) - mean) * inverse;
      store_first_or_all(dx + i, (g - shift - hat * along) * inverse, count);
    }
    dx += width;
  }
}

#if defined(__clang__)
INLINE vf square_root(vf x) { return __builtin_elementwise_sqrt(x); }
#else
INLINE vf square_root(vf x) {
  for (int i = 0; i < LANES; i++) x[i] = sqrtf(x[i]);
  return x;
}
#endif

static void adam(const float *p, const float *gradient, float *mean, float *square, float *out,
                 int64_t count, const gaze_adam_factors *f) {
  for (int64_t i = 0; i < count; i += LANES) {
    int64_t lanes = count - i < LANES ? count - i : LANES;
    int whole = lanes == LANES;
    vf g = (whole ? load(gradient + i) : load_first(gradient + i, lanes)) * f->gradient;
    vf m = (whole ? load(mean + i) : load_first(mean + i, lanes)) * f->beta1 + g * (1 - f->beta1);
    vf v = (whole ? load(square + i) : load_first(square + i, lanes)) * f->beta2 +
           g * g * (1 - f->beta2);
    store_first_or_all(mean + i, m, lanes);
    store_first_or_all(square + i, v, lanes);
    vf weight = whole ? load(p + i) : load_first(p + i, lanes);
    vf step = m * f->rate / (square_root(v * f->square) + f->epsilon);
    store_first_or_all(out + i, weight * f->keep - step, lanes);
  }
}
