#pragma once
#include <stdbool.h>
#include <stdint.h>

// Pixels to character cells through libchafa, with glib's types kept behind this header.

// One character cell. Colours are 0xRRGGBB in true colour, a palette index in the indexed modes,
// and -1 for the terminal's own colour.
typedef struct {
  uint32_t scalar;
  int32_t foreground;
  int32_t background;
} gaze_chafa_cell;

typedef enum { GAZE_CHAFA_HALF_BLOCKS, GAZE_CHAFA_SYMBOLS } gaze_chafa_symbols;

typedef enum {
  GAZE_CHAFA_MONOCHROME,
  GAZE_CHAFA_INDEXED_16,
  GAZE_CHAFA_INDEXED_256,
  GAZE_CHAFA_TRUECOLOR
} gaze_chafa_colors;

// Draws packed RGB (`width` × `height`, 3 bytes a pixel, no padding) over the whole of a canvas of
// `columns` × `rows` cells and writes those cells row by row to `cells`. False when libchafa has
// no canvas for these numbers.
bool gaze_chafa_draw(
    const uint8_t *rgb, int width, int height, int columns, int rows, gaze_chafa_symbols symbols,
    gaze_chafa_colors colors, gaze_chafa_cell *cells);
