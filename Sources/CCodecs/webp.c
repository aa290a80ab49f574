#include "codecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static bool fail(gaze_failure *failure, const char *text) {
  snprintf(failure->message, sizeof failure->message, "%s", text);
  return false;
}

static const char *explain(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "out of memory";
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the file is truncated";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "an unsupported feature";
    default: return "the bit stream is broken";
  }
}

bool gaze_webp_read_header(const uint8_t *bytes, size_t count, gaze_webp_header *header,
                           gaze_failure *failure) {
  WebPBitstreamFeatures features;
  VP8StatusCode status = WebPGetFeatures(bytes, count, &features);
  if (status != VP8_STATUS_OK) return fail(failure, explain(status));
  if (features.width <= 0 || features.height <= 0) return fail(failure, "the canvas is empty");
  header->width = (uint32_t)features.width;
  header->height = (uint32_t)features.height;
  header->has_alpha = features.has_alpha != 0;
  return true;
}

static void copy_chunk(const WebPDemuxer *demuxer, const char name[4], gaze_chunk *chunk) {
  WebPChunkIterator found;
  if (!WebPDemuxGetChunk(demuxer, name, 1, &found)) return;
  chunk->bytes = found.chunk.size > 0 ? malloc(found.chunk.size) : NULL;
  if (chunk->bytes != NULL) {
    memcpy(chunk->bytes, found.chunk.bytes, found.chunk.size);
    chunk->count = found.chunk.size;
  }
  WebPDemuxReleaseChunkIterator(&found);
}

/// Decodes a frame to its place on the canvas, where nothing may have been drawn before.
static bool draw(const WebPIterator *frame, gaze_webp_header canvas, uint8_t *out) {
  size_t stride = (size_t)canvas.width * 4;
  uint32_t width = (uint32_t)frame->width, height = (uint32_t)frame->height;
  uint32_t left = (uint32_t)frame->x_offset, top = (uint32_t)frame->y_offset;
  if (width == 0 || height == 0 || width > canvas.width || left > canvas.width - width ||
      height > canvas.height || top > canvas.height - height)
    return false;
  if (width < canvas.width || height < canvas.height) memset(out, 0, stride * canvas.height);
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return false;
  config.output.colorspace = MODE_RGBA;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = out + stride * top + (size_t)left * 4;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * (height - 1) + (size_t)width * 4;
  return WebPDecode(frame->fragment.bytes, frame->fragment.size, &config) == VP8_STATUS_OK;
}

bool gaze_webp_decode(const uint8_t *bytes, size_t count, gaze_webp_header expected, uint8_t *out,
                      size_t out_count, gaze_webp_extras *extras, gaze_failure *failure) {
  memset(extras, 0, sizeof *extras);
  WebPData data = {.bytes = bytes, .size = count};
  WebPDemuxer *demuxer = WebPDemux(&data);
  if (demuxer == NULL) return fail(failure, "the container is broken or truncated");
  WebPIterator frame;
  bool decoded = false;
  if (WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH) != expected.width ||
      WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT) != expected.height ||
      out_count / 4 / expected.width < expected.height) {
    fail(failure, "contradictory headers");
  } else if (!WebPDemuxGetFrame(demuxer, 1, &frame)) {
    fail(failure, "the first frame is broken or truncated");
  } else {
    decoded = draw(&frame, expected, out) ||
              fail(failure, "the first frame is broken or truncated");
    WebPDemuxReleaseIterator(&frame);
  }
  if (decoded) {
    extras->frames = WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT);
    copy_chunk(demuxer, "EXIF", &extras->exif);
    copy_chunk(demuxer, "XMP ", &extras->xmp);
  }
  WebPDemuxDelete(demuxer);
  return decoded;
}

void gaze_webp_release(gaze_webp_extras *extras) {
  free(extras->exif.bytes);
  free(extras->xmp.bytes);
  memset(extras, 0, sizeof *extras);
}
