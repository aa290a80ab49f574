// Kernels over rows: norms, softmax, rotation, element-wise arithmetic, reductions.
#include <math.h>
#include <string.h>

#include "check.h"

static const int64_t widths[] = {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 257};
enum { WIDTHS = sizeof widths / sizeof *widths, ROWS = 3 };

static void check_layer_norm(const gaze_kernel_table *table, int64_t width, bool whole) {
  about("%s: layer_norm of %lld%s", table->name, (long long)width, whole ? "" : ", plain");
  int64_t count = ROWS * width;
  float *x = noise(count, true), *gain = noise(width, true), *bias = noise(width, false);
  float *y = FLOATS(count, true), *statistics = FLOATS(2 * ROWS, true);
  double *want = DOUBLES(count), *want_statistics = DOUBLES(2 * ROWS);
  for (int row = 0; row < ROWS; row++) {
    double mean = 0, spread = 0;
    const float *from = x + row * width;
    for (int64_t i = 0; i < width; i++) mean += (double)from[i] / (double)width;
    for (int64_t i = 0; i < width; i++) {
      spread += ((double)from[i] - mean) * ((double)from[i] - mean) / (double)width;
    }
    double inverse = 1 / sqrt(spread + 1e-3);
    want_statistics[2 * row] = mean;
    want_statistics[2 * row + 1] = inverse;
    for (int64_t i = 0; i < width; i++) {
      want[row * width + i] = ((double)from[i] - mean) * inverse * (whole ? (double)gain[i] : 1) +
                              (whole ? (double)bias[i] : 0);
    }
  }
  table->layer_norm(x, whole ? gain : NULL, whole ? bias : NULL, y, whole ? statistics : NULL,
                    ROWS, width, 1e-3f);
  expect_close(y, want, count, 5e-6, 5e-6);
  if (whole) expect_close(statistics, want_statistics, 2 * ROWS, 1e-6, 1e-5);
  release_buffers();
}

static void check_rms_norm(const gaze_kernel_table *table, int64_t width, bool whole) {
  about("%s: rms_norm of %lld%s", table->name, (long long)width, whole ? "" : ", plain");
  int64_t count = ROWS * width;
  float *x = noise(count, true), *gain = noise(width, true);
  float *y = FLOATS(count, true), *statistics = FLOATS(ROWS, true);
  double *want = DOUBLES(count), *want_statistics = DOUBLES(ROWS);
  for (int row = 0; row < ROWS; row++) {
    double square = 0;
    for (int64_t i = 0; i < width; i++) {
      square += (double)x[row * width + i] * (double)x[row * width + i] / (double)width;
    }
    want_statistics[row] = 1 / sqrt(square + 1e-3);
    for (int64_t i = 0; i < width; i++) {
      want[row * width + i] =
          (double)x[row * width + i] * want_statistics[row] * (whole ? (double)gain[i] : 1);
    }
  }
  table->rms_norm(x, whole ? gain : NULL, y, whole ? statistics : NULL, ROWS, width, 1e-3f);
  expect_close(y, want, count, 5e-6, 5e-6);
  if (whole) expect_close(statistics, want_statistics, ROWS, 1e-6, 1e-5);
  release_buffers();
}

/// The last row is hidden altogether when there is a mask.
static void check_softmax(const gaze_kernel_table *table, int64_t width, bool masked) {
  about("%s: softmax of %lld%s", table->name, (long long)width, masked ? ", masked" : "");
  int64_t count = ROWS * width;
  ptrdiff_t mask_stride = width + 2;
  float *x = noise(count, true), *y = FLOATS(count, true);
  float *mask = noise((ROWS - 1) * mask_stride + width, true);
  double *want = DOUBLES(count);
  for (int row = 0; row < ROWS; row++) {
    double greatest = -INFINITY, sum = 0;
    double *scores = want + row * width;
    for (int64_t i = 0; i < width; i++) {
      float *hiding = mask + row * mask_stride + i;
      if (row == ROWS - 1 || (i > 0 && random_bits() % 4 == 0)) *hiding = -INFINITY;
      scores[i] = 7 * (double)x[row * width + i] + (masked ? (double)*hiding : 0);
      greatest = fmax(greatest, scores[i]);
    }
    for (int64_t i = 0; i < width; i++) {
      scores[i] = isinf(greatest) ? 0 : exp(scores[i] - greatest);
      sum += scores[i];
    }
    for (int64_t i = 0; i < width; i++) scores[i] /= sum > 0 ? sum : 1;
  }
  table->softmax(x, masked ? mask : NULL, y, ROWS, width, mask_stride, 7);
  expect_close(y, want, count, 1e-6, 5e-6);
  release_buffers();
}

static void check_softmax_backward(const gaze_kernel_table *table, int64_t width) {
  about("%s: softmax_backward of %lld", table->name, (long long)width);
  int64_t count = ROWS * width;
  float *y = noise(count, true), *dy = noise(count, false), *dx = FLOATS(count, true);
  double *want = DOUBLES(count);
  for (int row = 0; row < ROWS; row++) {
    double product = 0;
    for (int64_t i = row * width; i < (row + 1) * width; i++) product += (double)y[i] * (double)dy[i];
    for (int64_t i = row * width; i < (row + 1) * width; i++) {
      want[i] = 0.25 * (double)y[i] * ((double)dy[i] - product);
    }
  }
  table->softmax_backward(y, dy, dx, ROWS, width, 0.25f);
  expect_close(dx, want, count, 5e-6, 5e-6);
  release_buffers();
}

static void check_rotate(const gaze_kernel_table *table, int64_t half, int64_t kept, float sign) {
  int64_t width = 2 * half + kept, count = ROWS * width;
  about("%s: rotate of %lld of %lld channels", table->name, (long long)half, (long long)width);
  float *x = noise(count, true), *y = FLOATS(count, true);
  float *cosines = noise(half, true), *sines = noise(half, true);
  double *want = DOUBLES(count);
  for (int head = 0; head < ROWS; head++) {
    for (int64_t i = 0; i < width; i++) {
      int64_t at = head * width + i;
      double own = (double)x[at];
      if (i < half) {
        want[at] = own * (double)cosines[i] - (double)(x[at + half] * sign) * (double)sines[i];
      } else if (i < 2 * half) {
        double c = (double)cosines[i - half], s = (double)(sines[i - half] * sign);
        want[at] = own * c + (double)x[at - half] * s;
      } else {
        want[at] = own;
      }
    }
  }
  table->rotate(x, cosines, sines, y, ROWS, width, half, sign);
  expect_close(y, want, count, 1e-6, 1e-6);
  release_buffers();
}

static void check_elements(const gaze_kernel_table *table, int64_t count) {
  float *a = noise(count, true), *b = noise(count, false), *y = FLOATS(count, true);
  double *want = DOUBLES(count), sum = 0, product = 0, greatest = 0;
  about("%s: add of %lld", table->name, (long long)count);
  table->add(a, b, y, count);
  for (int64_t i = 0; i < count; i++) want[i] = (double)a[i] + (double)b[i];
  expect_close(y, want, count, 1e-7, 1e-7);
  about("%s: multiply of %lld", table->name, (long long)count);
  table->multiply(a, b, y, count);
  for (int64_t i = 0; i < count; i++) want[i] = (double)a[i] * (double)b[i];
  expect_close(y, want, count, 1e-7, 1e-7);
  about("%s: scale_add of %lld", table->name, (long long)count);
  memcpy(y, b, (size_t)count * sizeof(float));
  table->scale_add(a, 0.75f, -2, y, count);
  for (int64_t i = 0; i < count; i++) want[i] = 0.75 * (double)a[i] - 2 * (double)b[i];
  expect_close(y, want, count, 5e-7, 1e-6);
  for (int64_t i = 0; i < count; i++) y[i] = NAN;  // what y held must not matter
  table->scale_add(a, 0.75f, 0, y, count);
  for (int64_t i = 0; i < count; i++) want[i] = 0.75 * (double)a[i];
  expect_close(y, want, count, 5e-7, 1e-6);
  for (int64_t i = 0; i < count; i++) {
    sum += (double)a[i];
    product += (double)a[i] * (double)b[i];
    greatest = fmax(greatest, fabs((double)a[i]));
  }
  double limit = 1e-6 * (1 + sqrt((double)count));
  about("%s: sum of %lld", table->name, (long long)count);
  expect_close((float[]){table->sum(a, count)}, &sum, 1, limit, 1e-6);
  about("%s: dot_product of %lld", table->name, (long long)count);
  expect_close((float[]){table->dot_product(a, b, count)}, &product, 1, limit, 1e-6);
  about("%s: greatest_magnitude of %lld", table->name, (long long)count);
  expect((double)table->greatest_magnitude(a, count) == greatest, "not %g", greatest);
  if (count > 0) {
    a[random_bits() % (uint64_t)count] = NAN;
    expect(isnan(table->greatest_magnitude(a, count)), "NaN was passed over");
  }
  release_buffers();
}

void check_rows(const gaze_kernel_table *table) {
  for (int w = 0; w < WIDTHS; w++) {
    for (int whole = 0; whole < 2; whole++) {
      check_layer_norm(table, widths[w], whole);
      check_rms_norm(table, widths[w], whole);
      check_softmax(table, widths[w], whole);
      check_rotate(table, widths[w], whole * 5, whole ? 1 : -1);
    }
    check_softmax_backward(table, widths[w]);
    check_elements(table, widths[w]);
  }
  check_elements(table, 0);
}
