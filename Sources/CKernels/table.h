// The table of the including file's instruction set: KERNEL_TABLE is its symbol, ISA_NAME its
// name at the prompt.

#define DOT(NAME, PACK) \
  { .step = NAME##_STEP, .step_bytes = NAME##_BYTES, .pack = PACK, .block = NAME##_block }

const gaze_kernel_table KERNEL_TABLE = {
    .name = ISA_NAME,
    .tile_rows = TILE_ROWS,
    .dot_f32 = DOT(f32, pack_f32),
    .dot_f16 = DOT(f16, pack_f32),
    .dot_bf16_exact = DOT(bf16_exact, pack_bf16_exact),
#ifdef HAVE_NATIVE_BF16_DOT
    .dot_bf16 = DOT(bf16, pack_bf16),
#else
    .dot_bf16 = DOT(bf16_exact, pack_bf16_rounded),
#endif
    .dot_i8 = DOT(i8, pack_i8),
    .dot_q8_0 = DOT(q8_0, pack_blocks),
    .dot_q4_0 = DOT(q4_0, pack_blocks),
    .outer = outer,
    .outer_pairs = outer_pairs,
    .transpose = transpose,
    .pair_f32_rows = pair_f32_rows,
    .pair_bf16_rows = pair_bf16_rows,
    .pair_f32_columns = pair_f32_columns,
    .attention = attention,
    .attention_backward = attention_backward,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .rotate = rotate,
    .activate = activate,
    .activate_backward = activate_backward,
    .add = add,
    .multiply = multiply,
    .scale_add = scale_add,
    .adam = adam,
    .sum = sum_row,
    .dot_product = dot_row,
    .greatest_magnitude = greatest_magnitude,
    .f16_to_f32 = f16_to_f32,
    .bf16_to_f32 = bf16_to_f32,
    .q8_0_to_f32 = q8_0_to_f32,
    .q4_0_to_f32 = q4_0_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .quantize_i8 = quantize_i8,
};
