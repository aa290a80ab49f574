// What the C tests of the kernels share: noise, buffers that end where their data ends, and
// comparisons that name the kernel, the shape and the first value that is wrong.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gaze_kernels.h"

/// Names what is compared next, printf-like: "dot_i8 of 3x64 and 9 columns".
void about(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Counts one comparison; prints what `about` named, and the message, when it fails.
void expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// |got - want| <= absolute + relative * |want| for each element; infinities and NaN must match.
void expect_close(const float *got, const double *want, int64_t count, double absolute,
                  double relative);

/// How many comparisons were made, and how many failed, so far.
int64_t comparisons_made(void);
int64_t comparisons_failed(void);

/// A buffer of its own for every array, one element past an aligned address where `shifted`, and
/// ending with the last element, so that an address sanitizer sees a read or write beyond. Lives
/// until `release_buffers`.
void *buffer(int64_t count, size_t size, bool shifted);
void release_buffers(void);

#define FLOATS(count, shifted) ((float *)buffer((count), sizeof(float), (shifted)))
#define DOUBLES(count) ((double *)buffer((count), sizeof(double), false))

/// The next number of a repeatable sequence.
uint64_t random_bits(void);
/// Even over [least, greatest).
float random_float(float least, float greatest);
/// Noise in [-1, 1).
float *noise(int64_t count, bool shifted);

float bf16_number(uint16_t bits);
float f16_number(uint16_t bits);
/// Fills a Q8_0 block, or a Q4_0 one, and tells the 32 numbers that it stands for.
void random_block(bool is_q4, char *block, double *values);
/// The nearest bf16, ties to even, of a number that is not NaN.
uint16_t nearest_bf16(float x);

void check_products(const gaze_kernel_table *table);
void check_attention(const gaze_kernel_table *table);
void check_rows(const gaze_kernel_table *table);
void check_activations(const gaze_kernel_table *table);
void check_conversions(const gaze_kernel_table *table);
void check_training(const gaze_kernel_table *table);
