// Vector types of the including file's width (VECTOR_BYTES) and the arithmetic on them that C
// has no operators for. Everything here is written once and compiled per instruction set.
#include <math.h>
#include <string.h>

#include "gaze_kernels.h"

enum { LANES = VECTOR_BYTES / 4 };
typedef float vf __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t vu __attribute__((vector_size(VECTOR_BYTES)));
typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

INLINE vf load(const float *p) {
  vf v;
  memcpy(&v, p, VECTOR_BYTES);
  return v;
}

INLINE void store(float *p, vf v) { memcpy(p, &v, VECTOR_BYTES); }

#ifdef HAVE_MASKS
INLINE vf load_first(const float *p, int64_t count) {
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}

INLINE void store_first(float *p, vf v, int64_t count) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
}

INLINE void copy_rest(char *to, const char *from, size_t bytes) {
  __mmask64 mask = ((__mmask64)1 << bytes) - 1;
  _mm512_mask_storeu_epi8(to, mask, _mm512_maskz_loadu_epi8(mask, from));
}
#else
/// The first `count` lanes from memory, zeros in the others.
INLINE vf load_first(const float *p, int64_t count) {
  vf v = {0};
  memcpy(&v, p, (size_t)count * sizeof(float));
  return v;
}

INLINE void store_first(float *p, vf v, int64_t count) {
  memcpy(p, &v, (size_t)count * sizeof(float));
}

/// Fewer bytes than a vector has.
INLINE void copy_rest(char *to, const char *from, size_t bytes) { memcpy(to, from, bytes); }
#endif

INLINE void store_first_or_all(float *p, vf v, int64_t count) {
  if (count == LANES) store(p, v);
  else store_first(p, v, count);
}

INLINE vf broadcast(float x) {
  vf zero = {0};
  return zero + x;
}

INLINE vf choose(vi mask, vf yes, vf no) {
  return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

// Of a number and NaN these give `b`, whichever that is.
INLINE vf greater(vf a, vf b) { return choose(a > b, a, b); }
INLINE vf lesser(vf a, vf b) { return choose(a < b, a, b); }
INLINE vf magnitude(vf a) { return (vf)((vi)a & 0x7fffffff); }

INLINE float sum_lanes(vf v) {
  float lanes[LANES];
  memcpy(lanes, &v, VECTOR_BYTES);
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

INLINE float greatest_lane(vf v) {
  float lanes[LANES];
  memcpy(lanes, &v, VECTOR_BYTES);
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) {
      lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
    }
  }
  return lanes[0];
}

/// e^x within 2 ulp: 2^n * p(r) with |r| <= ln 2 / 2 and a degree-6 minimax p.
/// Exactly 0 below -87.3 (so that -inf masks give 0), inf above 88.7, NaN for NaN.
INLINE vf exponential(vf x) {
  const vf round_magic = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf bounded = lesser(greater(x, broadcast(-87.3f)), broadcast(88.7f));
  vf shifted = bounded * 1.44269504f + round_magic;
  vf n = shifted - round_magic;
  vf r = (bounded - n * 0.693145752f) - n * 1.42860677e-6f;
  vf p = broadcast(0.00138368411f);
  p = p * r + 0.00837482233f;
  p = p * r + 0.0416682251f;
  p = p * r + 0.166664198f;
  p = p * r + 0.499999911f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  vi exponent = ((vi)shifted - 0x4b400000) << 23;
  vf result = (vf)((vi)p + exponent);
  result = choose(x < -87.3f, broadcast(0), result);
  result = choose(x > 88.7f, broadcast(INFINITY), result);
  return choose(x != x, x, result);
}

INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exponential(-x)); }

/// tanh within 2 ulp: an odd polynomial below 0.625 (the coefficients of Moshier's Cephes),
/// 1 - 2 / (e^2|x| + 1) above, where nothing cancels.
INLINE vf hyperbolic_tangent(vf x) {
  vf a = magnitude(x);
  vf z = x * x;
  vf p = broadcast(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  vf small = p * z * x + x;
  vf large = 1.0f - 2.0f / (exponential(2.0f * a) + 1.0f);
  vf signed_large = (vf)((vi)large | ((vi)x & (int32_t)0x80000000));
  return choose(a < 0.625f, small, signed_large);
}

/// erf within 3e-8 absolute: x p(x^2) below 1, 1 - exp(-x q(x)) above, both minimax fits.
INLINE vf error_function(vf x) {
  vf a = magnitude(x);
  vf z = lesser(a * a, broadcast(1));
  vf p = broadcast(7.8538622e-05f);
  p = p * z - 0.00080101937f;
  p = p * z + 0.00518832775f;
  p = p * z - 0.0268538129f;
  p = p * z + 0.112835854f;
  p = p * z - 0.37612626f;
  p = p * z + 1.12837911f;
  vf t = lesser(a, broadcast(4));
  vf q = broadcast(-9.22038168e-07f);
  q = q * t + 3.2356882e-05f;
  q = q * t - 0.000485180732f;
  q = q * t + 0.00425545126f;
  q = q * t - 0.0250429288f;
  q = q * t + 0.107748099f;
  q = q * t + 0.634208739f;
  q = q * t + 1.12888992f;
  vf large = 1.0f - exponential(-t * q);
  vf signed_large = (vf)((vi)large | ((vi)x & (int32_t)0x80000000));
  vf result = choose(a < 1.0f, x * p, signed_large);
  return choose(x != x, x, result);
}
