// Row-wise and element-wise kernels: normalisation, softmax, activations, conversions.

/// Runs `expression` (a vf of `i`) over whole vectors and then over the ragged end.
#define MAP(count, y, expression_of_load)                    \
  do {                                                       \
    int64_t i = 0;                                           \
    for (; i + LANES <= (count); i += LANES) {               \
      vf result = expression_of_load(load, i);               \
      store((y) + i, result);                                \
    }                                                        \
    if (i < (count)) {                                       \
      vf result = expression_of_load(load_rest, i);          \
      store_first((y) + i, result, (count) - i);             \
    }                                                        \
  } while (0)
#define load_rest(p) load_first((p), count - i)

/// The sum of `expression_of_load` (a vf of `i`) over `count` elements, in four chains: one would
/// wait for each addition. Lanes past the end must come out as 0 when their loads are.
#define TOTAL(count, result, expression_of_load)                                            \
  do {                                                                                      \
    vf totals[4] = {{0}};                                                                   \
    int64_t i = 0;                                                                          \
    for (; i + 4 * LANES <= (count);) {                                                     \
      UNROLL for (int chain = 0; chain < 4; chain++, i += LANES) {                          \
        totals[chain] += expression_of_load(load, i);                                       \
      }                                                                                     \
    }                                                                                       \
    for (; i + LANES <= (count); i += LANES) totals[0] += expression_of_load(load, i);      \
    if (i < (count)) totals[1] += expression_of_load(load_rest, i);                         \
    result = sum_lanes((totals[0] + totals[1]) + (totals[2] + totals[3]));                  \
  } while (0)

static float sum_row(const float *x, int64_t count) {
  float sum;
#define TERM(read, i) read(x + i)
  TOTAL(count, sum, TERM);
#undef TERM
  return sum;
}

static float dot_row(const float *a, const float *b, int64_t count) {
  float sum;
#define TERM(read, i) read(a + i) * read(b + i)
  TOTAL(count, sum, TERM);
#undef TERM
  return sum;
}

/// The sum of the squares of x - mean.
static float spread_row(const float *x, float mean, int64_t count) {
  int64_t whole = count / LANES * LANES;
  float sum;
#define TERM(read, i) (read(x + i) - mean) * (read(x + i) - mean)
  TOTAL(whole, sum, TERM);
#undef TERM
  for (int64_t i = whole; i < count; i++) sum += (x[i] - mean) * (x[i] - mean);
  return sum;
}

/// NaN if there is one: as integers, magnitudes order like numbers with NaN above infinity.
static float greatest_magnitude(const float *x, int64_t count) {
  vi best = {0};
  for (int64_t i = 0; i < count; i += LANES) {
    vi bits = (vi)magnitude(count - i >= LANES ? load(x + i) : load_first(x + i, count - i));
    vi above = bits > best;
    best = (above & bits) | (~above & best);
  }
  int32_t greatest = 0;
  for (int lane = 0; lane < LANES; lane++) greatest = best[lane] > greatest ? best[lane] : greatest;
  float result;
  memcpy(&result, &greatest, sizeof result);
  return result;
}

static void add(const float *a, const float *b, float *y, int64_t count) {
#define SUM(read, i) read(a + i) + read(b + i)
  MAP(count, y, SUM);
#undef SUM
}

static void multiply(const float *a, const float *b, float *y, int64_t count) {
#define PRODUCT(read, i) read(a + i) * read(b + i)
  MAP(count, y, PRODUCT);
#undef PRODUCT
}

static void scale_add(const float *x, float a, float b, float *y, int64_t count) {
  if (b == 0) {  // y may hold anything, NaN included
#define SCALED(read, i) read(x + i) * a
    MAP(count, y, SCALED);
#undef SCALED
    return;
  }
#define COMBINED(read, i) read(x + i) * a + read(y + i) * b
  MAP(count, y, COMBINED);
#undef COMBINED
}

// y = (x - shift) * factor * gain + bias over one row; gain and bias may be null.
static void affine_row(const float *x, float shift, float factor, const float *gain,
                       const float *bias, float *y, int64_t count) {
#define AFFINE(read, i)                                                       \
  ((read(x + i) - shift) * factor) * (gain ? read(gain + i) : broadcast(1)) + \
      (bias ? read(bias + i) : broadcast(0))
  MAP(count, y, AFFINE);
#undef AFFINE
}

static void layer_norm(const float *x, const float *gain, const float *bias, float *y,
                       float *statistics, int64_t rows, int64_t width, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += width, y += width) {
    float mean = sum_row(x, width) / (float)width;
    float inverse = 1.0f / sqrtf(spread_row(x, mean, width) / (float)width + epsilon);
    affine_row(x, mean, inverse, gain, bias, y, width);
    if (statistics) {
      statistics[2 * row] = mean;
      statistics[2 * row + 1] = inverse;
    }
  }
}

static void rms_norm(const float *x, const float *gain, float *y, float *statistics,
                     int64_t rows, int64_t width, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += width, y += width) {
    float inverse = 1.0f / sqrtf(dot_row(x, x, width) / (float)width + epsilon);
    affine_row(x, 0, inverse, gain, NULL, y, width);
    if (statistics) statistics[row] = inverse;
  }
}

/// y = exp(x - shift), returning the sum; x and y may be the same row.
static float exponential_row(const float *x, float shift, float *y, int64_t count) {
  vf total = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vf e = exponential(load(x + i) - shift);
    total += e;
    store(y + i, e);
  }
  float sum = sum_lanes(total);
  if (i < count) {
    float rest[LANES];
    vf e = exponential(load_first(x + i, count - i) - shift);
    store(rest, e);
    for (int64_t j = 0; i + j < count; j++) {
      y[i + j] = rest[j];
      sum += rest[j];
    }
  }
  return sum;
}

/// The greatest number; where it is -inf the row may hold NaN as well.
static float greatest_of_row(const float *x, int64_t count) {
  vf best = broadcast(-INFINITY);
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) best = greater(best, load(x + i));
  float result = greatest_lane(best);
  for (; i < count; i++) result = x[i] > result ? x[i] : result;
  return result;
}

/// What becomes of a row without a number above -inf: zeros, but NaN stays NaN.
static void hide_row(float *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = y[i] != y[i] ? y[i] : 0;
}

static void softmax(const float *x, const float *mask, float *y, int64_t rows, int64_t width,
                    ptrdiff_t mask_stride, float scale) {
  for (int64_t row = 0; row < rows; row++, x += width, y += width) {
    scale_add(x, scale, 0, y, width);
    if (mask) add(y, mask + row * mask_stride, y, width);
    float greatest = greatest_of_row(y, width);
    if (greatest == -INFINITY) {
      hide_row(y, width);
      continue;
    }
    float sum = exponential_row(y, greatest, y, width);
    scale_add(y, 1.0f / sum, 0, y, width);
  }
}

static void softmax_backward(const float *y, const float *dy, float *dx, int64_t rows,
                             int64_t width, float scale) {
  for (int64_t row = 0; row < rows; row++, y += width, dy += width, dx += width) {
    float mean = dot_row(y, dy, width);
    int64_t count = width;
#define RULE(read, i) (read(dy + i) - mean) * read(y + i) * scale
    MAP(count, dx, RULE);
#undef RULE
  }
}

static void rotate(const float *x, const float *cosines, const float *sines, float *y,
                   int64_t heads, int64_t width, int64_t half, float sign) {
  for (int64_t head = 0; head < heads; head++, x += width, y += width) {
    for (int64_t i = 0; i < half; i += LANES) {
      int64_t count = half - i < LANES ? half - i : LANES;
      vf a = load_first(x + i, count), b = load_first(x + half + i, count);
      vf c = load_first(cosines + i, count), s = load_first(sines + i, count) * sign;
      store_first(y + i, a * c - b * s, count);
      store_first(y + half + i, b * c + a * s, count);
    }
    memmove(y + 2 * half, x + 2 * half, (size_t)(width - 2 * half) * sizeof(float));
  }
}

#define ROOT_2_OVER_PI 0.797884561f
#define CUBIC 0.044715f

INLINE vf activation(vf x, gaze_activation kind) {
  switch (kind) {
    case GAZE_GELU_ERF: return 0.5f * x * (1.0f + error_function(x * 0.707106781f));
    // (1 + tanh u) / 2 = sigmoid(2 u), which keeps its precision for negative u.
    case GAZE_GELU_TANH:
      return x * sigmoid(2.0f * ROOT_2_OVER_PI * (x + CUBIC * x * x * x));
    case GAZE_GELU_QUICK: return x * sigmoid(1.702f * x);
    case GAZE_SILU: return x * sigmoid(x);
    case GAZE_RELU: return choose(x < 0.0f, broadcast(0), x);
    case GAZE_TANH: return hyperbolic_tangent(x);
    case GAZE_SIGMOID: return sigmoid(x);
    case GAZE_EXPONENTIAL: return exponential(x);
    case GAZE_ERF: return error_function(x);
  }
  return x;
}

INLINE vf activation_slope(vf x, gaze_activation kind) {
  switch (kind) {
    case GAZE_GELU_ERF:
      return 0.5f * (1.0f + error_function(x * 0.707106781f)) +
             x * 0.398942280f * exponential(-0.5f * x * x);
    case GAZE_GELU_TANH: {
      vf s = sigmoid(2.0f * ROOT_2_OVER_PI * (x + CUBIC * x * x * x));
      vf inner = 2.0f * ROOT_2_OVER_PI * (1.0f + 3.0f * CUBIC * x * x);
      return s + x * s * (1.0f - s) * inner;
    }
    case GAZE_GELU_QUICK: {
      vf s = sigmoid(1.702f * x);
      return s + 1.702f * x * s * (1.0f - s);
    }
    case GAZE_SILU: {
      vf s = sigmoid(x);
      return s + x * s * (1.0f - s);
    }
    case GAZE_RELU: return choose(x > 0.0f, broadcast(1), broadcast(0));
    case GAZE_TANH: {
      vf t = hyperbolic_tangent(x);
      return 1.0f - t * t;
    }
    case GAZE_SIGMOID: {
      vf s = sigmoid(x);
      return s * (1.0f - s);
    }
    case GAZE_EXPONENTIAL: return exponential(x);
    case GAZE_ERF: return 1.12837917f * exponential(-x * x);
  }
  return broadcast(1);
}

// The switch is taken once per call, so that each loop body holds one formula.
#define FOR_EACH_ACTIVATION(CASE)                                                           \
  CASE(GAZE_GELU_ERF) CASE(GAZE_GELU_TANH) CASE(GAZE_GELU_QUICK) CASE(GAZE_SILU)            \
  CASE(GAZE_RELU) CASE(GAZE_TANH) CASE(GAZE_SIGMOID) CASE(GAZE_EXPONENTIAL) CASE(GAZE_ERF)

static void activate(const float *x, float *y, int64_t count, gaze_activation kind) {
  switch (kind) {
#define CASE(KIND)                    \
  case KIND: {                        \
    MAP(count, y, FORWARD_##KIND);    \
    break;                            \
  }
#define FORWARD_GAZE_GELU_ERF(read, i) activation(read(x + i), GAZE_GELU_ERF)
#define FORWARD_GAZE_GELU_TANH(read, i) activation(read(x + i), GAZE_GELU_TANH)
#define FORWARD_GAZE_GELU_QUICK(read, i) activation(read(x + i), GAZE_GELU_QUICK)
#define FORWARD_GAZE_SILU(read, i) activation(read(x + i), GAZE_SILU)
#define FORWARD_GAZE_RELU(read, i) activation(read(x + i), GAZE_RELU)
#define FORWARD_GAZE_TANH(read, i) activation(read(x + i), GAZE_TANH)
#define FORWARD_GAZE_SIGMOID(read, i) activation(read(x + i), GAZE_SIGMOID)
#define FORWARD_GAZE_EXPONENTIAL(read, i) activation(read(x + i), GAZE_EXPONENTIAL)
#define FORWARD_GAZE_ERF(read, i) activation(read(x + i), GAZE_ERF)
    FOR_EACH_ACTIVATION(CASE)
#undef CASE
  }
}

static void activate_backward(const float *x, const float *dy, float *dx, int64_t count,
                              gaze_activation kind) {
  switch (kind) {
#define CASE(KIND)                      \
  case KIND: {                          \
    MAP(count, dx, BACKWARD_##KIND);    \
    break;                              \
  }
#define BACKWARD_GAZE_GELU_ERF(read, i) activation_slope(read(x + i), GAZE_GELU_ERF) * read(dy + i)
#define BACKWARD_GAZE_GELU_TANH(read, i) \
  activation_slope(read(x + i), GAZE_GELU_TANH) * read(dy + i)
#define BACKWARD_GAZE_GELU_QUICK(read, i) \
  activation_slope(read(x + i), GAZE_GELU_QUICK) * read(dy + i)
#define BACKWARD_GAZE_SILU(read, i) activation_slope(read(x + i), GAZE_SILU) * read(dy + i)
#define BACKWARD_GAZE_RELU(read, i) activation_slope(read(x + i), GAZE_RELU) * read(dy + i)
#define BACKWARD_GAZE_TANH(read, i) activation_slope(read(x + i), GAZE_TANH) * read(dy + i)
#define BACKWARD_GAZE_SIGMOID(read, i) activation_slope(read(x + i), GAZE_SIGMOID) * read(dy + i)
#define BACKWARD_GAZE_EXPONENTIAL(read, i) \
  activation_slope(read(x + i), GAZE_EXPONENTIAL) * read(dy + i)
#define BACKWARD_GAZE_ERF(read, i) activation_slope(read(x + i), GAZE_ERF) * read(dy + i)
    FOR_EACH_ACTIVATION(CASE)
#undef CASE
  }
}

// MARK: conversions

/// f16 bits to f32, subnormals, infinities and NaN included.
INLINE float f16_value(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t bits = half & 0x7fff;
  float value;
  if (bits >= 0x7c00) {
    // Signalling NaN become quiet, as the processors' own conversions make them.
    uint32_t wide = 0x7f800000u | (bits & 0x3ff) << 13 | (bits > 0x7c00 ? 0x400000u : 0);
    memcpy(&value, &wide, 4);
  } else if (bits >= 0x400) {
    uint32_t wide = (bits << 13) + ((127u - 15u) << 23);
    memcpy(&value, &wide, 4);
  } else {
    value = (float)bits * 5.9604644775390625e-8f;  // 2^-24
  }
  uint32_t wide;
  memcpy(&wide, &value, 4);
  wide |= sign;
  memcpy(&value, &wide, 4);
  return value;
}

INLINE float bf16_value(uint16_t half) {
  uint32_t wide = (uint32_t)half << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

INLINE uint16_t bf16_bits(float value) {
  uint32_t wide;
  memcpy(&wide, &value, 4);
  if ((wide & 0x7fffffff) > 0x7f800000) return (uint16_t)(wide >> 16 | 0x40);  // quiet NaN
  return (uint16_t)((wide + 0x7fff + (wide >> 16 & 1)) >> 16);
}

static void bf16_to_f32(const uint16_t *x, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = bf16_value(x[i]);
}

static void f32_to_bf16(const float *x, uint16_t *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = bf16_bits(x[i]);
}

/// 0 for a row of zeros, and for one so small that 1 / scale would overflow.
INLINE float inverse_of_scale(float scale) { return scale >= 1.17549435e-38f ? 1.0f / scale : 0; }

INLINE int32_t quantized(float x, float inverse) {
  float q = x * inverse;
  // NaN fails both comparisons and gets a number; its row's scale is NaN and carries it on.
  q = q > -127.0f ? q : -127.0f;
  q = q < 127.0f ? q : 127.0f;
  // Adding and subtracting 1.5 * 2^23 rounds to nearest even in any rounding-safe mode.
  return (int32_t)((q + 12582912.0f) - 12582912.0f);
}

static int32_t quantize_i8(const float *x, int8_t *y, int64_t count, float scale) {
  float inverse = inverse_of_scale(scale);
  int32_t sum = 0;
  for (int64_t i = 0; i < count; i++) {
    int32_t q = quantized(x[i], inverse);
    y[i] = (int8_t)q;
    sum += q;
  }
  return sum;
}
