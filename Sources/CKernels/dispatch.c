// Which kernel tables this machine can run.
#include "gaze_kernels.h"

extern const gaze_kernel_table gaze_kernels_portable;
#if defined(__x86_64__)
extern const gaze_kernel_table gaze_kernels_avx512;
extern const gaze_kernel_table gaze_kernels_avx2;
#elif defined(__aarch64__)
extern const gaze_kernel_table gaze_kernels_neon;
#endif

const gaze_kernel_table *gaze_kernel_table_at(int32_t index) {
  const gaze_kernel_table *tables[3];
  int32_t found = 0;
#if defined(__x86_64__)
  // libgcc and compiler-rt ask XGETBV as well, so an operating system that does not save
  // the wide registers is not offered them.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") &&
      __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    tables[found++] = &gaze_kernels_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    tables[found++] = &gaze_kernels_avx2;
  }
#elif defined(__aarch64__)
  tables[found++] = &gaze_kernels_neon;
#endif
  tables[found++] = &gaze_kernels_portable;
  return index >= 0 && index < found ? tables[index] : NULL;
}

size_t gaze_attention_scratch(int32_t width) {
  // A packed query panel of up to 8 rows, padded to a vector, and one block of scores.
  size_t padded = ((size_t)width + 31) & ~(size_t)31;
  return 8 * padded + 8 * GAZE_ATTENTION_BLOCK;
}

size_t gaze_attention_gradient_scratch(int32_t queries, int32_t keys, int32_t width) {
  // Keys and values laid across, and a block of probabilities with its gradient.
  size_t rows = queries < GAZE_ATTENTION_BLOCK ? (size_t)queries : GAZE_ATTENTION_BLOCK;
  size_t stride = ((size_t)keys + 15) & ~(size_t)15;
  return 2 * stride * ((size_t)width + rows);
}
