#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

/// Scans a progressive file may have. Real ones have about ten; a hostile one can ask for a full
/// pass over the picture with every few bytes.
enum { MAXIMUM_SCANS = 500 };

/// The library's error manager, the way out, and where the reason goes.
typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf exit;
  gaze_failure *failure;
  gaze_cancellation cancellation;
  /// Bytes of one row of the picture.
  size_t stride;
  /// Whether what went wrong is that the bytes ended.
  bool starved;
} trampoline;

static void leave(j_common_ptr codec) {
  trampoline *self = (trampoline *)codec->err;
  char text[JMSG_LENGTH_MAX];
  self->manager.format_message(codec, text);
  snprintf(self->failure->message, sizeof self->failure->message, "%s", text);
  longjmp(self->exit, 1);
}

static void leave_with(j_common_ptr codec, const char *text) {
  trampoline *self = (trampoline *)codec->err;
  snprintf(self->failure->message, sizeof self->failure->message, "%s", text);
  longjmp(self->exit, 1);
}

/// Warnings are not errors to Pillow either, and nothing may be printed.
static void ignore_message(j_common_ptr codec) { (void)codec; }

/// Called by the library for every row that it gives out, and before that, while it gathers the
/// scans of a progressive file, for every row of blocks.
static void watch(j_common_ptr codec) {
  trampoline *self = (trampoline *)codec->err;
  j_decompress_ptr decoder = (j_decompress_ptr)codec;
  if (decoder->is_decompressor && decoder->input_scan_number > MAXIMUM_SCANS)
    leave_with(codec, "more than 500 scans");
  if (self->cancellation.is_cancelled(self->cancellation.context, self->stride)) {
    self->failure->is_cancelled = true;
    leave_with(codec, "cancelled");
  }
}

static void no_work(j_decompress_ptr decoder) { (void)decoder; }

/// Running out of bytes is an error, unlike in the library's own source, which invents an end.
static boolean out_of_bytes(j_decompress_ptr decoder) {
  ((trampoline *)decoder->err)->starved = true;
  leave_with((j_common_ptr)decoder, "the file is truncated");
  return FALSE;
}

static void skip(j_decompress_ptr decoder, long count) {
  struct jpeg_source_mgr *source = decoder->src;
  if (count <= 0) return;
  if ((size_t)count > source->bytes_in_buffer) out_of_bytes(decoder);
  source->next_input_byte += count;
  source->bytes_in_buffer -= (size_t)count;
}

bool gaze_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                      int components, uint8_t *out, size_t out_count,
                      gaze_cancellation cancellation, gaze_failure *failure) {
  struct jpeg_decompress_struct decoder;
  struct jpeg_progress_mgr progress;
  struct jpeg_source_mgr source;
  trampoline errors;
  const size_t stride = (size_t)width * (size_t)components;
  // Whether every row is written: a missing end marker does not matter then.
  volatile bool complete = false;

  memset(&decoder, 0, sizeof decoder);
  memset(&progress, 0, sizeof progress);
  memset(&source, 0, sizeof source);
  decoder.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave;
  errors.manager.output_message = ignore_message;
  errors.failure = failure;
  errors.cancellation = cancellation;
  errors.stride = stride;
  errors.starved = false;

  if (setjmp(errors.exit)) {
    jpeg_destroy_decompress(&decoder);
    return complete && errors.starved;
  }
  jpeg_create_decompress(&decoder);
  progress.progress_monitor = watch;
  decoder.progress = &progress;
  source.next_input_byte = bytes;
  source.bytes_in_buffer = count;
  source.init_source = no_work;
  source.fill_input_buffer = out_of_bytes;
  source.skip_input_data = skip;
  source.resync_to_restart = jpeg_resync_to_restart;
  source.term_source = no_work;
  decoder.src = &source;

  jpeg_read_header(&decoder, TRUE);
  if (decoder.image_width != width || decoder.image_height != height ||
      decoder.num_components != components)
    leave_with((j_common_ptr)&decoder, "contradictory frame headers");
  decoder.out_color_space = components == 1   ? JCS_GRAYSCALE
                            : components == 3 ? JCS_RGB
                                              : JCS_CMYK;
  decoder.dct_method = JDCT_ISLOW;
  decoder.do_fancy_upsampling = TRUE;
  jpeg_start_decompress(&decoder);

  if (decoder.output_width != width || decoder.output_height != height ||
      decoder.output_components != components || out_count / stride < height)
    leave_with((j_common_ptr)&decoder, "the output has another size than the header");
  while (decoder.output_scanline < height) {
    JSAMPROW row = out + stride * decoder.output_scanline;
    jpeg_read_scanlines(&decoder, &row, 1);
  }
  complete = true;
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  return true;
}
