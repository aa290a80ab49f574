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

bool gaze_webp_decode(const uint8_t *bytes, size_t count, gaze_webp_header expected, uint8_t *out,
                      size_t out_count, gaze_webp_extras *extras, gaze_failure *failure) {
  memset(extras, 0, sizeof *extras);
  WebPData data = {.bytes = bytes, .size = count};
  WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, NULL);
  if (decoder == NULL) return fail(failure, "the container is broken or truncated");
  WebPAnimInfo info;
  uint8_t *canvas = NULL;
  int timestamp = 0;
  size_t size = (size_t)expected.width * expected.height * 4;
  bool decoded = false;
  if (!WebPAnimDecoderGetInfo(decoder, &info) || info.canvas_width != expected.width ||
      info.canvas_height != expected.height || out_count < size) {
    fail(failure, "contradictory headers");
  } else if (!WebPAnimDecoderGetNext(decoder, &canvas, &timestamp)) {
    fail(failure, "the first frame is broken or truncated");
  } else {
    memcpy(out, canvas, size);
    extras->frames = info.frame_count;
    const WebPDemuxer *demuxer = WebPAnimDecoderGetDemuxer(decoder);
    copy_chunk(demuxer, "EXIF", &extras->exif);
    copy_chunk(demuxer, "XMP ", &extras->xmp);
    decoded = true;
  }
  WebPAnimDecoderDelete(decoder);
  return decoded;
}

void gaze_webp_release(gaze_webp_extras *extras) {
  free(extras->exif.bytes);
  free(extras->xmp.bytes);
  memset(extras, 0, sizeof *extras);
}
