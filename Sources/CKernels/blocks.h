// Blocks of 32 neighbours along k, as GGML writes them: an f16 scale d, then the quants q, each
// standing for d * q, in f32 arithmetic. Q8_0 has 32 signed bytes. Q4_0 has 16 bytes of two
// quants, less 8 each: the first half of the block in the low nibbles, the second in the high.
// k is a whole number of blocks.
enum { BLOCK = 32, SCALE_BYTES = 2, BLOCK_PARTS = BLOCK / LANES };
typedef int8_t byte_lanes __attribute__((vector_size(LANES)));

typedef vf q8_0_acc, q8_0_a, q8_0_b;
enum {
  q8_0_STEP = BLOCK,
  q8_0_BYTES = BLOCK * sizeof(float),
  q8_0_WEIGHT_BYTES = SCALE_BYTES + BLOCK,
  q8_0_PARTS = BLOCK_PARTS
};
INLINE vf q8_0_quants(const char *w, int part) {
  byte_lanes quants;
  memcpy(&quants, w + SCALE_BYTES + part * LANES, LANES);
  return __builtin_convertvector(__builtin_convertvector(quants, vi), vf);
}
INLINE vf q8_0_load(const char *w, int part) { return q8_0_quants(w, part) * f16_scale(w); }
INLINE vf q8_0_load_a(const char *a) { return load((const float *)a); }
INLINE vf q8_0_multiply(vf acc, vf a, vf b) { return acc + a * b; }

typedef vf q4_0_acc, q4_0_a, q4_0_b;
enum {
  q4_0_STEP = BLOCK,
  q4_0_BYTES = BLOCK * sizeof(float),
  q4_0_WEIGHT_BYTES = SCALE_BYTES + BLOCK / 2,
  q4_0_PARTS = BLOCK_PARTS
};
typedef uint8_t pair_lanes __attribute__((vector_size(LANES)));
INLINE vf q4_0_quants(const char *w, int part) {
  const int half = BLOCK_PARTS / 2;
  pair_lanes bytes;
  memcpy(&bytes, w + SCALE_BYTES + part % half * LANES, LANES);
  vi pairs = __builtin_convertvector(bytes, vi);
  // As the last bits of a float with the exponent of 2^23, and of 2^19, nibbles are numbers.
  if (part >= half) return (vf)((pairs & 0xf0) | 0x49000000) - 524296.0f;  // 2^19 + 8
#ifdef HAVE_LOOKUP
  return low_nibbles(pairs);
#else
  return (vf)((pairs & 0x0f) | 0x4b000000) - 8388616.0f;  // 2^23 + 8
#endif
}
INLINE vf q4_0_load(const char *w, int part) { return q4_0_quants(w, part) * f16_scale(w); }
INLINE vf q4_0_load_a(const char *a) { return load((const float *)a); }
INLINE vf q4_0_multiply(vf acc, vf a, vf b) { return acc + a * b; }

/// The scales of the blocks of `columns` columns, COLUMNS or 1.
INLINE void f16_scales(const char *w, ptrdiff_t stride, const int columns, float *scales) {
  if (columns == COLUMNS) {
    uint16_t halves[COLUMNS];
    for (int j = 0; j < COLUMNS; j++) memcpy(&halves[j], w + j * stride, sizeof *halves);
    v4f four = f16_four(halves);
    memcpy(scales, &four, sizeof four);
  } else {
    scales[0] = f16_scale(w)[0];
  }
}

#define DEFINE_UNPACKING(NAME)                                                  \
  static void NAME##_to_f32(const void *x, float *y, int64_t count) {           \
    const char *block = x;                                                      \
    for (int64_t i = 0; i < count; i += BLOCK, block += NAME##_WEIGHT_BYTES) {  \
      UNROLL for (int part = 0; part < NAME##_PARTS; part++) {                  \
        store(y + i + part * LANES, NAME##_load(block, part));                  \
      }                                                                         \
    }                                                                           \
  }
DEFINE_UNPACKING(q8_0)
DEFINE_UNPACKING(q4_0)
