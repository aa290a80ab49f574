// Thin C shims over libjpeg-turbo, libpng and libwebp, for Swift.
//
// Every function is an error trampoline: where a library reports an error by longjmp, the jump
// starts and ends inside one C function here, so no Swift frame is ever unwound, and nothing is
// printed. On failure a function returns false and leaves a sentence in `failure`.
//
// Callers parse the header themselves and allocate the output. A decoder that finds another size
// than it was told fails before it writes anything.
//
// JPEG and PNG ask the caller as they go whether to go on. The question is a plain call that
// returns before any jump.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What went wrong, in the words of the codec where it has any.
typedef struct {
  char message[256];
  /// Whether nothing did: the caller wanted no more.
  bool is_cancelled;
} gaze_failure;

/// Asked every few rows: `bytes` is how many have been worked on since the last question. On true
/// the decoder gives everything back and fails.
typedef struct {
  bool (*is_cancelled)(void *context, size_t bytes);
  void *context;
} gaze_cancellation;

// MARK: JPEG

/// Decodes a JPEG stream at full size, as Pillow does: slow integer DCT, fancy upsampling.
///
/// `components` is what the frame header declares and what is written per pixel: 1 grey, 3 RGB,
/// 4 CMYK exactly as stored. `out` holds width * height * components bytes.
bool gaze_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                      int components, uint8_t *out, size_t out_count,
                      gaze_cancellation cancellation, gaze_failure *failure);

// MARK: PNG

/// The header of a PNG, which the caller has read.
typedef struct {
  uint32_t width, height;
  int bit_depth, colour_type;
} gaze_png_header;

/// A heap copy of some bytes of a file; `bytes` is null where there are none.
typedef struct {
  uint8_t *bytes;
  size_t count;
} gaze_chunk;

/// What a PNG holds beside its pixels.
typedef struct {
  uint8_t palette[256][3];
  bool has_transparency;
  /// One alpha value per palette entry; 255 where the file says nothing.
  uint8_t palette_alpha[256];
  /// The transparent sample values of grey (first only) and RGB pictures, at the file's depth.
  uint16_t transparent[3];
  /// `eXIf`; the text "Raw profile type exif"; the text "XML:com.adobe.xmp".
  gaze_chunk exif, raw_exif, xmp;
} gaze_png_extras;

/// Bytes per pixel that `gaze_png_decode` writes: samples of 1, 2 and 4 bits take one byte each,
/// 16-bit samples two, big-endian.
size_t gaze_png_bytes_per_pixel(int bit_depth, int colour_type);

/// Decodes the pixels as the file stores them, deinterlaced, one byte or two per sample.
///
/// Checksums are not looked at: the caller checks those it cares about. Errors after the last
/// pixel are ignored. `extras` must be released with `gaze_png_release`, also after a failure.
bool gaze_png_decode(const uint8_t *bytes, size_t count, gaze_png_header expected, uint8_t *out,
                     size_t out_count, gaze_cancellation cancellation, gaze_png_extras *extras,
                     gaze_failure *failure);

void gaze_png_release(gaze_png_extras *extras);

/// Encodes 8-bit grey (1), RGB (3) or RGBA (4) pixels. `*encoded` is to be freed with `free`.
bool gaze_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                     uint8_t **encoded, size_t *encoded_count, gaze_failure *failure);

// MARK: WebP

/// What a WebP file says about itself.
typedef struct {
  /// The canvas.
  uint32_t width, height;
  bool has_alpha;
} gaze_webp_header;

/// What a WebP file holds beside the pixels of its first frame.
typedef struct {
  uint32_t frames;
  gaze_chunk exif, xmp;
} gaze_webp_extras;

/// Reads the header, allocating nothing.
bool gaze_webp_read_header(const uint8_t *bytes, size_t count, gaze_webp_header *header,
                           gaze_failure *failure);

/// Decodes the first frame, drawn on a clear canvas, as RGBA: width * height * 4 bytes in `out`.
///
/// `extras` must be released with `gaze_webp_release`, also after a failure. Asks nobody
/// whether to go on: libwebp does it in one call.
bool gaze_webp_decode(const uint8_t *bytes, size_t count, gaze_webp_header expected, uint8_t *out,
                      size_t out_count, gaze_webp_extras *extras, gaze_failure *failure);

void gaze_webp_release(gaze_webp_extras *extras);
