// Halves by the F16C instructions, which both x86-64 files have.

/// The half at `w`, in every lane.
INLINE vf f16_scale(const char *w) {
  uint16_t half;
  memcpy(&half, w, sizeof half);
  return broadcast(_mm_cvtph_ps(_mm_cvtsi32_si128(half))[0]);
}

INLINE v4f f16_four(const uint16_t *halves) {
  int64_t bits;
  memcpy(&bits, halves, sizeof bits);
  return (v4f)_mm_cvtph_ps(_mm_cvtsi64_si128(bits));
}
