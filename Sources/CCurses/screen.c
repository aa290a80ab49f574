// wcwidth and the wide functions of curses.
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE 1
#define NCURSES_WIDECHAR 1

#include "curses_shim.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;

bool gaze_locale_open(void) {
  if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return true;
  static const char *const others[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (setlocale(LC_CTYPE, others[i]) != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
      return true;
  }
  setlocale(LC_CTYPE, "C");
  return false;
}

int gaze_wcwidth(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

static void send(const char *bytes) {
  fflush(stdout);
  ssize_t ignored = write(STDOUT_FILENO, bytes, strlen(bytes));
  (void)ignored;
}

// Keys with modifiers have no capabilities of their own; these are the sequences that xterm made
// common: CSI 1;N letter, and CSI number;N ~, where N is 1 plus the modifiers.
static void define_keys(void) {
  static const struct { char end; int key; } letters[] = {
      {'A', GAZE_UP}, {'B', GAZE_DOWN}, {'C', GAZE_RIGHT}, {'D', GAZE_LEFT}, {'H', GAZE_HOME},
      {'F', GAZE_END}};
  static const struct { int number; int key; } tildes[] = {
      {1, GAZE_HOME}, {2, GAZE_INSERT}, {3, GAZE_DELETE}, {4, GAZE_END}, {5, GAZE_PAGE_UP},
      {6, GAZE_PAGE_DOWN}, {7, GAZE_HOME}, {8, GAZE_END}};
  char text[16];
  for (int modifiers = 0; modifiers < 8; modifiers++) {
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
      int code = GAZE_KEYS + 8 * letters[i].key + modifiers;
      snprintf(text, sizeof text, "\033[1;%d%c", modifiers + 1, letters[i].end);
      define_key(text, code);
      if (modifiers > 0) continue;
      snprintf(text, sizeof text, "\033[%c", letters[i].end);
      define_key(text, code);
      snprintf(text, sizeof text, "\033O%c", letters[i].end);
      define_key(text, code);
    }
    for (size_t i = 0; i < sizeof tildes / sizeof *tildes; i++) {
      int code = GAZE_KEYS + 8 * tildes[i].key + modifiers;
      if (modifiers == 0) snprintf(text, sizeof text, "\033[%d~", tildes[i].number);
      else snprintf(text, sizeof text, "\033[%d;%d~", tildes[i].number, modifiers + 1);
      define_key(text, code);
    }
  }
  define_key("\033[Z", GAZE_KEYS + 8 * GAZE_TAB + GAZE_SHIFT);
  define_key("\033[200~", GAZE_KEYS + 8 * GAZE_PASTE_BEGIN);
  define_key("\033[201~", GAZE_KEYS + 8 * GAZE_PASTE_END);
}

static void set_modes(void) {
  raw();
  noecho();
  nonl();
  intrflush(stdscr, FALSE);
  meta(stdscr, TRUE);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  scrollok(stdscr, FALSE);
  idlok(stdscr, FALSE);
  leaveok(stdscr, FALSE);
}

static const char paste_on[] = "\033[?2004h";
static const char paste_off[] = "\033[?2004l";

bool gaze_curses_open(void) {
  screen = newterm(NULL, stdout, stdin);
  if (screen == NULL) return false;
  set_escdelay(25);
  set_modes();
  define_keys();
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  clear();
  refresh();
  send(paste_on);
  return true;
}

void gaze_curses_close(void) {
  if (screen == NULL) return;
  send(paste_off);
  endwin();
  delscreen(screen);
  screen = NULL;
}

void gaze_curses_suspend(void) {
  send(paste_off);
  def_prog_mode();
  endwin();
}

void gaze_curses_resume(void) {
  gaze_signals_await_foreground();
  reset_prog_mode();
  set_modes();
  gaze_curses_resize();
  clearok(curscr, TRUE);
  refresh();
  send(paste_on);
}

void gaze_curses_size(int *rows, int *columns) { getmaxyx(stdscr, *rows, *columns); }

void gaze_curses_resize(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
    resizeterm(size.ws_row, size.ws_col);
}

int gaze_curses_colors(void) { return has_colors() ? COLORS : 0; }

int gaze_curses_pairs(void) { return has_colors() ? COLOR_PAIRS : 0; }

void gaze_curses_define_pair(int pair, int foreground, int background) {
  init_extended_pair(pair, foreground, background);
}

void gaze_curses_put(
    int row, int column, const uint32_t *scalars, int count, unsigned attributes, int pair) {
  wchar_t text[CCHARW_MAX + 1];
  if (count > CCHARW_MAX) count = CCHARW_MAX;
  for (int i = 0; i < count; i++) text[i] = (wchar_t)scalars[i];
  text[count] = L'\0';
  attr_t bits = A_NORMAL;
  if (attributes & GAZE_BOLD) bits |= A_BOLD;
  if (attributes & GAZE_DIM) bits |= A_DIM;
  if (attributes & GAZE_UNDERLINE) bits |= A_UNDERLINE;
  if (attributes & GAZE_REVERSE) bits |= A_REVERSE;
  cchar_t cell;
  // The pair travels in the last argument: the short one before it ends at 32767, and COLOR_PAIR at
  // 255.
  if (setcchar(&cell, text, bits, 0, &pair) == ERR) return;
  mvadd_wch(row, column, &cell);
}

void gaze_curses_show(int cursor_row, int cursor_column) {
  if (cursor_row >= 0) move(cursor_row, cursor_column);
  curs_set(cursor_row >= 0 ? 1 : 0);
  refresh();
}

void gaze_curses_redraw(void) { clearok(curscr, TRUE); }

static int key_of(int code) {
  switch (code) {
    case KEY_UP: return 8 * GAZE_UP;
    case KEY_DOWN: return 8 * GAZE_DOWN;
    case KEY_RIGHT: return 8 * GAZE_RIGHT;
    case KEY_LEFT: return 8 * GAZE_LEFT;
    case KEY_HOME: case KEY_FIND: return 8 * GAZE_HOME;
    case KEY_END: case KEY_SELECT: return 8 * GAZE_END;
    case KEY_IC: return 8 * GAZE_INSERT;
    case KEY_DC: return 8 * GAZE_DELETE;
    case KEY_PPAGE: return 8 * GAZE_PAGE_UP;
    case KEY_NPAGE: return 8 * GAZE_PAGE_DOWN;
    case KEY_BACKSPACE: return 8 * GAZE_BACKSPACE;
    case KEY_ENTER: return 8 * GAZE_ENTER;
    case KEY_BTAB: return 8 * GAZE_TAB + GAZE_SHIFT;
    case KEY_SLEFT: return 8 * GAZE_LEFT + GAZE_SHIFT;
    case KEY_SRIGHT: return 8 * GAZE_RIGHT + GAZE_SHIFT;
    case KEY_SF: return 8 * GAZE_DOWN + GAZE_SHIFT;
    case KEY_SR: return 8 * GAZE_UP + GAZE_SHIFT;
    case KEY_SHOME: return 8 * GAZE_HOME + GAZE_SHIFT;
    case KEY_SEND: return 8 * GAZE_END + GAZE_SHIFT;
    case KEY_SDC: return 8 * GAZE_DELETE + GAZE_SHIFT;
    default: break;
  }
  if (code > KEY_F(0) && code <= KEY_F(24)) return 8 * (GAZE_FUNCTION + code - KEY_F(0));
  return 8 * GAZE_UNKNOWN_KEY;
}

int gaze_curses_read(void) {
  // Bytes rather than get_wch: that loses the first bytes of a character when the rest has not
  // arrived yet.
  for (;;) {
    int code = wgetch(stdscr);
    if (code == ERR) return GAZE_NO_KEY;
    if (code == KEY_RESIZE) continue;  // comes through SIGWINCH
    if (code < KEY_MIN || code >= GAZE_KEYS) return code;
    return GAZE_KEYS + key_of(code);
  }
}
