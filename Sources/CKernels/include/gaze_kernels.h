// The SIMD inner loops of Gaze: one table of functions per instruction set.
//
// Dimension letters, used throughout:
//   M  rows of activations        N  rows of a weight matrix = columns of the product
//   K  the summed dimension       D  the width of one row     S  attended positions
// Strides named `*_stride` count elements of the array they belong to, except where a
// comment says bytes. No kernel allocates, blocks, or calls another library than libm.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Clang tells Swift which pointers may be null; other compilers need not know.
#if defined(__clang__)
#define GAZE_NULLABLE _Nullable
#pragma clang assume_nonnull begin
#else
#define GAZE_NULLABLE
#endif

/// A product of packed activations with weight rows that stay as they lie in their file:
///     out[m][n] (+)= scale * sum_k panel[m][k] * weights[n][k]  (+ bias[n])
typedef struct {
  const void *panel;           ///< made by the same dot's `pack`
  const void *weights;         ///< first weight row
  ptrdiff_t weight_stride;     ///< bytes from one weight row to the next
  float *out;                  ///< [rows][columns]
  ptrdiff_t out_stride;
  const float *GAZE_NULLABLE bias;           ///< [columns], or null
  const float *GAZE_NULLABLE row_scales;     ///< int8: [rows], scale of each activation row
  const float *GAZE_NULLABLE weight_scales;  ///< int8: [columns], scale of each weight row
  const int32_t *GAZE_NULLABLE weight_sums;  ///< int8: [columns], sum of each weight row over this k range
  int64_t k;
  int32_t rows;                ///< at most the table's `tile_rows`
  int32_t columns;
  int32_t accumulate;          ///< add to what `out` holds
  int32_t weights_are_cold;    ///< these weights have not been read lately
} gaze_dot_arguments;

/// One pairing of an activation format with a weight format.
typedef struct {
  int32_t step;        ///< elements of k that one step consumes
  int32_t step_bytes;  ///< bytes that one row takes in the panel per step
  /// Lays `rows` rows of `k` floats out step by step, zero-filled to a whole step.
  /// `scales` is used by int8 alone: what one step of each row's quantised values stands for.
  void (*pack)(const float *x, ptrdiff_t x_stride, int32_t rows, int64_t k, const float *GAZE_NULLABLE scales,
               void *panel);
  void (*block)(const gaze_dot_arguments *arguments);
} gaze_dot;

/// out[m][n] (+)= sum_s a(m, s) · b(s, n) for n < width, (+ bias[n]). The elements of both are
/// floats, or pairs of bf16, the low half the earlier one, whose two products are summed in f32.
typedef struct {
  const void *a;
  ptrdiff_t a_row, a_step;     ///< elements from one m, and from one s, to the next
  const void *b;               ///< rows across n
  ptrdiff_t b_step;            ///< elements from one s to the next
  float *out;
  ptrdiff_t out_stride;
  const float *GAZE_NULLABLE bias;  ///< [width], where not accumulating; or null
  int64_t steps;               ///< how many s are summed
  int32_t rows;                ///< any number of m
  int32_t width;
  int32_t accumulate;
  const void *GAZE_NULLABLE ahead;  ///< what is read next, brought near meanwhile; or null
  int64_t ahead_bytes;
} gaze_outer_arguments;

/// Fused attention of a few query rows of one head over all its keys (online softmax,
/// after Milakov & Gimelshein 2018 and Dao et al. 2022): the scores never leave `scratch`.
typedef struct {
  const float *q;  ///< [rows][width]
  ptrdiff_t q_stride;
  const float *k;  ///< [keys][width]
  ptrdiff_t k_stride;
  const float *v;  ///< [keys][width]
  ptrdiff_t v_stride;
  float *out;      ///< [rows][width]
  ptrdiff_t out_stride;
  const float *GAZE_NULLABLE mask;      ///< added to the scores, [rows][keys], or null
  ptrdiff_t mask_stride;
  float *scratch;         ///< `gaze_attention_scratch(...)` floats, 64-byte aligned
  float scale;
  int32_t rows;           ///< at most the table's `tile_rows`
  int32_t keys;
  int32_t width;
  int32_t causal_limit;   ///< row r attends keys <= r + causal_limit; INT32_MAX: all of them
} gaze_attention_arguments;

/// The gradients of attention of one head, its probabilities computed anew (Dao et al. 2022).
typedef struct {
  const float *q;  ///< [queries][width]
  ptrdiff_t q_stride;
  const float *k;  ///< [keys][width]
  ptrdiff_t k_stride;
  const float *v;  ///< [keys][width]
  ptrdiff_t v_stride;
  const float *dy;  ///< [queries][width], of what attention gave
  ptrdiff_t dy_stride;
  float *dq, *dk, *dv;  ///< as q, k and v, each `out_stride` from row to row
  ptrdiff_t out_stride;
  const float *GAZE_NULLABLE mask;  ///< as for `attention`
  ptrdiff_t mask_stride;
  float *scratch;  ///< `gaze_attention_gradient_scratch(...)` floats, 64-byte aligned
  float scale;
  int32_t queries, keys, width;
  int32_t causal_limit;
} gaze_attention_gradient_arguments;

enum { GAZE_ATTENTION_BLOCK = 128 };  ///< keys per block of fused attention

typedef enum {
  GAZE_GELU_ERF = 0,    ///< x * Phi(x)
  GAZE_GELU_TANH = 1,   ///< the tanh approximation of Hendrycks & Gimpel
  GAZE_GELU_QUICK = 2,  ///< x * sigmoid(1.702 x)
  GAZE_SILU = 3,        ///< x * sigmoid(x)
  GAZE_RELU = 4,
  GAZE_TANH = 5,
  GAZE_SIGMOID = 6,
  GAZE_EXPONENTIAL = 7,
  GAZE_ERF = 8
} gaze_activation;

/// The numbers of one optimiser step; corrections for its first steps are in them.
typedef struct {
  float gradient;   ///< what gradients are multiplied by
  float beta1, beta2;
  float rate;       ///< learning rate / (1 - beta1^t)
  float square;     ///< 1 / (1 - beta2^t)
  float epsilon;
  float keep;       ///< 1 - learning rate * weight decay
} gaze_adam_factors;

/// The functions of one instruction set.
typedef struct {
  const char *name;
  int32_t tile_rows;   ///< rows of a full panel

  gaze_dot dot_f32;         ///< f32 activations × f32 weights
  gaze_dot dot_f16;         ///< f32 activations × f16 weights, f32 arithmetic
  gaze_dot dot_bf16_exact;  ///< f32 activations × bf16 weights, f32 arithmetic
  gaze_dot dot_bf16;        ///< bf16 activations × bf16 weights, f32 accumulation
  gaze_dot dot_i8;          ///< int8 activations × int8 weights, int32 accumulation
  /// f32 activations × blocks of 32 quantised weights, f32 arithmetic; k is a multiple of 32.
  gaze_dot dot_q8_0, dot_q4_0;

  void (*outer)(const gaze_outer_arguments *arguments);
  void (*outer_pairs)(const gaze_outer_arguments *arguments);
  /// out[column][row] = x[row][column].
  void (*transpose)(const float *x, ptrdiff_t x_stride, int32_t rows, int64_t width, float *out,
                    ptrdiff_t out_stride);
  /// out[i] = (first[i], second[i]) in bf16; a missing second row is zeros.
  void (*pair_f32_rows)(const float *first, const float *GAZE_NULLABLE second, uint32_t *out,
                        int64_t count);
  /// The same of rows that are bf16 already.
  void (*pair_bf16_rows)(const uint16_t *first, const uint16_t *GAZE_NULLABLE second,
                         uint32_t *out, int64_t count);
  /// out[s][row] = (x[row][2 s], x[row][2 s + 1]) in bf16, zero-filled to a whole pair.
  void (*pair_f32_columns)(const float *x, ptrdiff_t x_stride, int32_t rows, int64_t k,
                           uint32_t *out, ptrdiff_t out_stride);
  void (*attention)(const gaze_attention_arguments *arguments);
  void (*attention_backward)(const gaze_attention_gradient_arguments *arguments);

  /// y = (x - mean) / sqrt(variance + epsilon) * gain + bias. `statistics`, when not null,
  /// receives mean and 1/deviation of each row. `gain` and `bias` may be null.
  void (*layer_norm)(const float *x, const float *GAZE_NULLABLE gain,
                     const float *GAZE_NULLABLE bias, float *y, float *GAZE_NULLABLE statistics,
                     int64_t rows, int64_t width, float epsilon);
  /// `statistics` as `layer_norm` left them. dx may be null; so may dgain, together with dbias:
  /// the sums over these rows are added to them.
  void (*layer_norm_backward)(const float *x, const float *gain, const float *statistics,
                              const float *dy, float *GAZE_NULLABLE dx,
                              float *GAZE_NULLABLE dgain, float *GAZE_NULLABLE dbias,
                              int64_t rows, int64_t width);
  /// y = x / sqrt(mean(x^2) + epsilon) * gain. `statistics`: 1/rms of each row, or null.
  void (*rms_norm)(const float *x, const float *GAZE_NULLABLE gain, float *y,
                   float *GAZE_NULLABLE statistics, int64_t rows,
                   int64_t width, float epsilon);
  /// y = softmax(scale * x + mask) by row; a row whose every entry is -inf becomes zeros.
  void (*softmax)(const float *x, const float *GAZE_NULLABLE mask, float *y, int64_t rows, int64_t width,
                  ptrdiff_t mask_stride, float scale);
  /// dx = scale * y * (dy - sum(dy * y)) by row.
  void (*softmax_backward)(const float *y, const float *dy, float *dx, int64_t rows,
                           int64_t width, float scale);
  /// Rotary embedding of `heads` vectors of `width` channels at one position: channel i of the
  /// first `half` and channel half + i turn by the angle of `cosines[i]` and sign * `sines[i]`.
  void (*rotate)(const float *x, const float *cosines, const float *sines, float *y,
                 int64_t heads, int64_t width, int64_t half, float sign);
  void (*activate)(const float *x, float *y, int64_t count, gaze_activation kind);
  /// dx = dy * activation'(x).
  void (*activate_backward)(const float *x, const float *dy, float *dx, int64_t count,
                            gaze_activation kind);
  void (*add)(const float *a, const float *b, float *y, int64_t count);
  void (*multiply)(const float *a, const float *b, float *y, int64_t count);
  /// y = a * x + b * y.
  void (*scale_add)(const float *x, float a, float b, float *y, int64_t count);
  /// One step of AdamW (Loshchilov & Hutter 2019): `mean` and `square` are updated, `p` is read.
  void (*adam)(const float *p, const float *gradient, float *mean, float *square, float *out,
               int64_t count, const gaze_adam_factors *factors);
  float (*sum)(const float *x, int64_t count);
  float (*dot_product)(const float *a, const float *b, int64_t count);
  /// NaN if any element is.
  float (*greatest_magnitude)(const float *x, int64_t count);

  void (*f16_to_f32)(const uint16_t *x, float *y, int64_t count);
  void (*bf16_to_f32)(const uint16_t *x, float *y, int64_t count);
  /// Of whole blocks of 32: `count` is a multiple of that.
  void (*q8_0_to_f32)(const void *x, float *y, int64_t count);
  void (*q4_0_to_f32)(const void *x, float *y, int64_t count);
  /// Round to nearest even; NaN stays NaN.
  void (*f32_to_bf16)(const float *x, uint16_t *y, int64_t count);
  /// y = round(x / scale), clamped to -127...127, 0 where the scale is; returns the sum of what
  /// was written. NaN becomes some number: the scale is to be NaN too.
  int32_t (*quantize_i8)(const float *x, int8_t *y, int64_t count, float scale);
} gaze_kernel_table;

/// How many processors this process may run on.
int32_t gaze_processor_count(void);

/// Tells the processor that a thread spins.
static inline void gaze_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Floats of scratch that `attention` needs for heads of `width` channels.
size_t gaze_attention_scratch(int32_t width);

/// Floats of scratch that `attention_backward` needs.
size_t gaze_attention_gradient_scratch(int32_t queries, int32_t keys, int32_t width);

/// The tables that this machine can run, fastest first, the portable one last; null past it.
const gaze_kernel_table *GAZE_NULLABLE gaze_kernel_table_at(int32_t index);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
