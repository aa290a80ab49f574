#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/// Bytes that one compressed text chunk may unfold to.
enum { MAXIMUM_CHUNK = 4 << 20 };

/// Where the bytes come from or go to, and where the reason of a failure goes.
typedef struct {
  const uint8_t *next;
  size_t left;
  uint8_t *written;
  size_t written_count, capacity;
  gaze_failure *failure;
  /// Of reading.
  gaze_cancellation cancellation;
} stream;

static void leave(png_structp png, png_const_charp text) {
  stream *self = png_get_error_ptr(png);
  snprintf(self->failure->message, sizeof self->failure->message, "%s", text);
  png_longjmp(png, 1);
}

/// Pillow knows no warnings from its own parser, and nothing may be printed.
static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

/// Leaves if the caller wants no more. Asked for rows and for bytes of the file: a file may hold
/// much that is no pixel.
static void watch(png_structp png, size_t count) {
  stream *self = png_get_io_ptr(png);
  if (!self->cancellation.is_cancelled(self->cancellation.context, count)) return;
  self->failure->is_cancelled = true;
  png_error(png, "cancelled");
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  stream *self = png_get_io_ptr(png);
  watch(png, count);
  if (count > self->left) png_error(png, "the file is truncated");
  memcpy(out, self->next, count);
  self->next += count;
  self->left -= count;
}

size_t gaze_png_bytes_per_pixel(int bit_depth, int colour_type) {
  size_t samples = colour_type == PNG_COLOR_TYPE_RGB          ? 3
                   : colour_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                   : colour_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                              : 1;
  return bit_depth == 16 ? samples * 2 : samples;
}

static void copy_chunk(gaze_chunk *chunk, const void *bytes, size_t count) {
  if (chunk->bytes != NULL || count == 0) return;
  chunk->bytes = malloc(count);
  if (chunk->bytes == NULL) return;
  memcpy(chunk->bytes, bytes, count);
  chunk->count = count;
}

/// Takes along what the chunks read so far say about orientation.
static void copy_metadata(png_structp png, png_infop info, gaze_png_extras *extras) {
  png_uint_32 exif_count = 0;
  png_bytep exif = NULL;
  if (png_get_eXIf_1(png, info, &exif_count, &exif) != 0)
    copy_chunk(&extras->exif, exif, exif_count);
  png_textp texts = NULL;
  int text_count = 0;
  png_get_text(png, info, &texts, &text_count);
  for (int i = 0; i < text_count; i++) {
    size_t count = texts[i].text_length != 0 ? texts[i].text_length : texts[i].itxt_length;
    if (strcmp(texts[i].key, "Raw profile type exif") == 0)
      copy_chunk(&extras->raw_exif, texts[i].text, count);
    else if (strcmp(texts[i].key, "XML:com.adobe.xmp") == 0)
      copy_chunk(&extras->xmp, texts[i].text, count);
  }
}

static void copy_colours(png_structp png, png_infop info, gaze_png_extras *extras) {
  png_colorp palette = NULL;
  int palette_count = 0;
  if (png_get_PLTE(png, info, &palette, &palette_count) != 0)
    for (int i = 0; i < palette_count && i < 256; i++) {
      extras->palette[i][0] = palette[i].red;
      extras->palette[i][1] = palette[i].green;
      extras->palette[i][2] = palette[i].blue;
    }
  memset(extras->palette_alpha, 255, sizeof extras->palette_alpha);
  png_bytep alpha = NULL;
  int alpha_count = 0;
  png_color_16p colour = NULL;
  if (png_get_tRNS(png, info, &alpha, &alpha_count, &colour) == 0) return;
  extras->has_transparency = true;
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) {
    for (int i = 0; alpha != NULL && i < alpha_count && i < 256; i++)
      extras->palette_alpha[i] = alpha[i];
  } else if (colour != NULL) {
    bool grey = png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY;
    extras->transparent[0] = grey ? colour->gray : colour->red;
    extras->transparent[1] = colour->green;
    extras->transparent[2] = colour->blue;
  }
}

bool gaze_png_decode(const uint8_t *bytes, size_t count, gaze_png_header expected, uint8_t *out,
                     size_t out_count, gaze_cancellation cancellation, gaze_png_extras *extras,
                     gaze_failure *failure) {
  memset(extras, 0, sizeof *extras);
  stream input = {
      .next = bytes, .left = count, .failure = failure, .cancellation = cancellation};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, leave, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    snprintf(failure->message, sizeof failure->message, "libpng could not start");
    return false;
  }
  // Whether every row is written: what goes wrong after that does not matter.
  volatile bool complete = false;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return complete && !failure->is_cancelled;
  }
  png_set_read_fn(png, &input, read_bytes);
  png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(png, MAXIMUM_CHUNK);

  png_read_info(png, info);
  if (png_get_image_width(png, info) != expected.width ||
      png_get_image_height(png, info) != expected.height ||
      png_get_bit_depth(png, info) != expected.bit_depth ||
      png_get_color_type(png, info) != expected.colour_type)
    png_error(png, "contradictory headers");
  copy_colours(png, info, extras);
  png_set_packing(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);

  size_t stride =
      gaze_png_bytes_per_pixel(expected.bit_depth, expected.colour_type) * expected.width;
  if (png_get_rowbytes(png, info) != stride || out_count / stride < expected.height)
    png_error(png, "the output has another size than the header");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < expected.height; y++) {
      watch(png, stride);
      png_read_row(png, out + stride * y, NULL);
    }
  complete = true;
  copy_metadata(png, info, extras);
  png_read_end(png, info);
  copy_metadata(png, info, extras);
  png_destroy_read_struct(&png, &info, NULL);
  return true;
}

void gaze_png_release(gaze_png_extras *extras) {
  free(extras->exif.bytes);
  free(extras->raw_exif.bytes);
  free(extras->xmp.bytes);
  memset(extras, 0, sizeof *extras);
}

// MARK: Writing

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  stream *self = png_get_io_ptr(png);
  if (count > self->capacity - self->written_count) {
    size_t capacity = (self->capacity + count) * 2;
    uint8_t *grown = realloc(self->written, capacity);
    if (grown == NULL) png_error(png, "out of memory");
    self->written = grown;
    self->capacity = capacity;
  }
  memcpy(self->written + self->written_count, bytes, count);
  self->written_count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

/// The part of encoding that libpng may leave by a jump. What it changes lives in the caller's
/// frame, where it keeps its value after the jump.
static bool encode(png_structp png, png_infop info, const uint8_t *pixels, uint32_t width,
                   uint32_t height, int channels) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  int colour_type = channels == 1   ? PNG_COLOR_TYPE_GRAY
                    : channels == 3 ? PNG_COLOR_TYPE_RGB
                                    : PNG_COLOR_TYPE_RGB_ALPHA;
  png_set_IHDR(png, info, width, height, 8, colour_type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  size_t stride = (size_t)width * (size_t)channels;
  for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + stride * y);
  png_write_end(png, info);
  return true;
}

bool gaze_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                     uint8_t **encoded, size_t *encoded_count, gaze_failure *failure) {
  stream output = {.failure = failure};
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &output, leave, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_write_struct(&png, NULL);
    snprintf(failure->message, sizeof failure->message, "libpng could not start");
    return false;
  }
  png_set_write_fn(png, &output, write_bytes, flush_nothing);
  bool written = encode(png, info, pixels, width, height, channels);
  png_destroy_write_struct(&png, &info);
  if (!written) {
    free(output.written);
    return false;
  }
  *encoded = output.written;
  *encoded_count = output.written_count;
  return true;
}
