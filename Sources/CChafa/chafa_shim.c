#include "chafa_shim.h"

#include <chafa.h>

static ChafaSymbolTags tags_of(gaze_chafa_symbols symbols) {
  ChafaSymbolTags plain = CHAFA_SYMBOL_TAG_SPACE | CHAFA_SYMBOL_TAG_SOLID;
  switch (symbols) {
    case GAZE_CHAFA_HALF_BLOCKS:
      return plain | CHAFA_SYMBOL_TAG_VHALF;
    case GAZE_CHAFA_SYMBOLS:
      return plain | CHAFA_SYMBOL_TAG_BLOCK | CHAFA_SYMBOL_TAG_BORDER;
  }
  return plain;
}

static ChafaCanvasMode mode_of(gaze_chafa_colors colors) {
  switch (colors) {
    case GAZE_CHAFA_MONOCHROME: return CHAFA_CANVAS_MODE_FGBG;
    case GAZE_CHAFA_INDEXED_16: return CHAFA_CANVAS_MODE_INDEXED_16;
    // Users redefine the first 16.
    case GAZE_CHAFA_INDEXED_256: return CHAFA_CANVAS_MODE_INDEXED_240;
    case GAZE_CHAFA_TRUECOLOR: return CHAFA_CANVAS_MODE_TRUECOLOR;
  }
  return CHAFA_CANVAS_MODE_FGBG;
}

static ChafaCanvas *make_canvas(
    int columns, int rows, gaze_chafa_symbols symbols, gaze_chafa_colors colors) {
  ChafaSymbolMap *map = chafa_symbol_map_new();
  chafa_symbol_map_add_by_tags(map, tags_of(symbols));
  // A symbol of two columns would shift everything to its right.
  chafa_symbol_map_remove_by_tags(map, CHAFA_SYMBOL_TAG_WIDE);

  ChafaCanvasConfig *config = chafa_canvas_config_new();
  chafa_canvas_config_set_geometry(config, columns, rows);
  chafa_canvas_config_set_canvas_mode(config, mode_of(colors));
  chafa_canvas_config_set_symbol_map(config, map);
  // Two tones need dithering to show shades; more colours are clearer without its grain.
  chafa_canvas_config_set_dither_mode(
      config, colors == GAZE_CHAFA_MONOCHROME ? CHAFA_DITHER_MODE_ORDERED : CHAFA_DITHER_MODE_NONE);

  ChafaCanvas *canvas = chafa_canvas_new(config);
  chafa_canvas_config_unref(config);
  chafa_symbol_map_unref(map);
  return canvas;
}

bool gaze_chafa_draw(
    const uint8_t *rgb, int width, int height, int columns, int rows, gaze_chafa_symbols symbols,
    gaze_chafa_colors colors, gaze_chafa_cell *cells) {
  if (width < 1 || height < 1 || columns < 1 || rows < 1 || width > INT32_MAX / 3) return false;
  ChafaCanvas *canvas = make_canvas(columns, rows, symbols, colors);
  if (canvas == NULL) return false;
  chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, rgb, width, height, width * 3);

  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      gaze_chafa_cell *cell = &cells[(size_t)row * (size_t)columns + (size_t)column];
      gint foreground = -1, background = -1;
      cell->scalar = chafa_canvas_get_char_at(canvas, column, row);
      if (colors != GAZE_CHAFA_MONOCHROME)
        chafa_canvas_get_raw_colors_at(canvas, column, row, &foreground, &background);
      cell->foreground = foreground;
      cell->background = background;
    }
  }
  chafa_canvas_unref(canvas);
  return true;
}
