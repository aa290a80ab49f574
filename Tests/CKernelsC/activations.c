// Activations and their slopes against libm in double, and at the edges of the numbers.
#include <math.h>
#include <string.h>

#include "check.h"

static const char *const names[] = {"gelu", "gelu-tanh", "gelu-quick", "silu",       "relu",
                                    "tanh", "sigmoid",   "exponential", "error function"};
enum { KINDS = sizeof names / sizeof *names };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// The constants of the tanh approximation.
static const double root = 0.7978845608028654, cubic = 0.044715;

static double value(gaze_activation kind, double x) {
  switch (kind) {
    case GAZE_GELU_ERF: return 0.5 * x * erfc(-x / sqrt(2));
    case GAZE_GELU_TANH: return x * sigmoid(2 * root * (x + cubic * x * x * x));
    case GAZE_GELU_QUICK: return x * sigmoid(1.702 * x);
    case GAZE_SILU: return x * sigmoid(x);
    case GAZE_RELU: return x > 0 ? x : 0;
    case GAZE_TANH: return tanh(x);
    case GAZE_SIGMOID: return sigmoid(x);
    case GAZE_EXPONENTIAL: return exp(x);
    case GAZE_ERF: return erf(x);
  }
  return NAN;
}

static double slope(gaze_activation kind, double x) {
  switch (kind) {
    case GAZE_GELU_ERF:
      return 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) * 0.3989422804014327;
    case GAZE_GELU_TANH: {
      double s = sigmoid(2 * root * (x + cubic * x * x * x));
      return s + x * s * (1 - s) * 2 * root * (1 + 3 * cubic * x * x);
    }
    case GAZE_GELU_QUICK: {
      double s = sigmoid(1.702 * x);
      return s + 1.702 * x * s * (1 - s);
    }
    case GAZE_SILU: return sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x));
    case GAZE_RELU: return x > 0 ? 1 : 0;
    case GAZE_TANH: return 1 - tanh(x) * tanh(x);
    case GAZE_SIGMOID: return sigmoid(x) * (1 - sigmoid(x));
    case GAZE_EXPONENTIAL: return exp(x);
    case GAZE_ERF: return 1.1283791670955126 * exp(-x * x);
  }
  return NAN;
}

/// What is promised, and what rounding adds: two units in the last place for e^x and tanh, 3e-8
/// and the roundings near 1 for the error function. The others carry the rounding of an argument
/// through e^x.
static void expect_values(const float *got, const double *want, int64_t count,
                          gaze_activation kind) {
  switch (kind) {
    case GAZE_EXPONENTIAL:
    case GAZE_TANH: expect_close(got, want, count, 1e-40, 2.4e-7); break;
    case GAZE_SIGMOID: expect_close(got, want, count, 1e-38, 5e-7); break;
    case GAZE_ERF: expect_close(got, want, count, 1.8e-7, 0); break;
    case GAZE_RELU: expect_close(got, want, count, 0, 0); break;
    default: expect_close(got, want, count, 3e-7, 5e-6);
  }
}

static void check_kind(const gaze_kernel_table *table, gaze_activation kind, int64_t count,
                       float reach) {
  about("%s: %s of %lld numbers up to %g", table->name, names[kind], (long long)count,
        (double)reach);
  float *x = FLOATS(count, true), *dy = noise(count, false), *y = FLOATS(count, true);
  double *want = DOUBLES(count);
  for (int64_t i = 0; i < count; i++) {
    x[i] = random_float(-reach, reach);
    want[i] = value(kind, (double)x[i]);
  }
  table->activate(x, y, count, kind);
  expect_values(y, want, count, kind);
  about("%s: slope of %s of %lld numbers up to %g", table->name, names[kind], (long long)count,
        (double)reach);
  for (int64_t i = 0; i < count; i++) want[i] = (double)dy[i] * slope(kind, (double)x[i]);
  table->activate_backward(x, dy, y, count, kind);
  expect_close(y, want, count, 1e-6, 1e-5);
  release_buffers();
}

/// Far out every activation is its limit; NaN stays NaN.
static void check_edges(const gaze_kernel_table *table, gaze_activation kind) {
  about("%s: %s at the edges", table->name, names[kind]);
  const float x[] = {0, -0.0f, 1e-30f, -1e-30f, 90, -90, 3e4f, -3e4f};
  enum { COUNT = sizeof x / sizeof *x };
  float y[COUNT];
  double want[COUNT];
  for (int i = 0; i < COUNT; i++) {
    want[i] = value(kind, (double)x[i]);
    if (fabs(want[i]) > 3.4028234e38) want[i] = INFINITY;
  }
  table->activate(x, y, COUNT, kind);
  expect_close(y, want, COUNT, 1e-36, 1e-5);
  const float odd[] = {1, NAN, 2, 3, 4, 5, NAN, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, NAN};
  float result[18];
  table->activate(odd, result, 18, kind);
  for (int i = 0; i < 18; i++) {
    expect(isnan(odd[i]) == isnan(result[i]), "NaN went astray at %d", i);
  }
}

void check_activations(const gaze_kernel_table *table) {
  const int64_t counts[] = {1, 3, 4, 7, 8, 15, 16, 17, 33, 1000};
  for (int kind = 0; kind < KINDS; kind++) {
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
      check_kind(table, (gaze_activation)kind, counts[c], 4);
    }
    check_kind(table, (gaze_activation)kind, 1000, 30);
    check_kind(table, (gaze_activation)kind, 1000, 80);
    check_edges(table, (gaze_activation)kind);
  }
}
