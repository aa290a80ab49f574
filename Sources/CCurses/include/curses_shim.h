#pragma once
#include <stdbool.h>
#include <stdint.h>

// What Swift cannot see of ncurses (macros, wide cells, extended pairs), and what has to run inside
// a signal handler. No type of curses appears here.
//
// One terminal, one thread: everything but the signal handlers belongs to the event loop.

// MARK: Locale

// Takes the character set from the environment; when that is not UTF-8, tries C.UTF-8. True when
// the terminal can be sent UTF-8. Only LC_CTYPE changes: numbers keep their points.
bool gaze_locale_open(void);

// The columns that the C library, and so ncurses, gives a scalar; -1 for none.
int gaze_wcwidth(uint32_t scalar);

// MARK: Terminal descriptions

// Reads the description of TERM without touching the terminal. False when there is none.
bool gaze_terminfo_open(void);
void gaze_terminfo_close(void);

// The counts and the names of the standard capabilities, in the order of compiled descriptions.
int gaze_terminfo_flag_count(void);
int gaze_terminfo_number_count(void);
int gaze_terminfo_string_count(void);
const char *gaze_terminfo_flag_name(int index);
const char *gaze_terminfo_number_name(int index);
const char *gaze_terminfo_string_name(int index);

// Values by name; -1 or NULL for a capability that is absent.
bool gaze_terminfo_flag(const char *name);
int gaze_terminfo_number(const char *name);
const char *gaze_terminfo_string(const char *name);

// MARK: Screen

// Takes over the terminal on standard input and output; false when TERM is unknown.
bool gaze_curses_open(void);
void gaze_curses_close(void);

// Hands the terminal to another program, and takes it back with everything drawn again. Taking it
// back without having handed it over mends what another program did to it meanwhile.
void gaze_curses_suspend(void);
void gaze_curses_resume(void);

void gaze_curses_size(int *rows, int *columns);
// Adopts the terminal's present size.
void gaze_curses_resize(void);

int gaze_curses_colors(void);
int gaze_curses_pairs(void);
// Colours are numbers of the terminal, -1 for its own.
void gaze_curses_define_pair(int pair, int foreground, int background);

enum { GAZE_BOLD = 1, GAZE_DIM = 2, GAZE_UNDERLINE = 4, GAZE_REVERSE = 8 };

// Puts one character, its base first and then its marks (at most 5 scalars in all).
void gaze_curses_put(
    int row, int column, const uint32_t *scalars, int count, unsigned attributes, int pair);
// Sends what has changed and puts the cursor; a negative row hides it.
void gaze_curses_show(int cursor_row, int cursor_column);
// Makes the next gaze_curses_show send everything.
void gaze_curses_redraw(void);

// MARK: Keys

enum {
  GAZE_NO_KEY = -1,
  // Keys are GAZE_KEYS + 8 * key + modifiers; smaller values are bytes.
  GAZE_KEYS = 0x800,
  GAZE_SHIFT = 1,
  GAZE_ALT = 2,
  GAZE_CONTROL = 4,
};
enum {
  GAZE_UP, GAZE_DOWN, GAZE_RIGHT, GAZE_LEFT, GAZE_HOME, GAZE_END, GAZE_INSERT, GAZE_DELETE,
  GAZE_PAGE_UP, GAZE_PAGE_DOWN, GAZE_BACKSPACE, GAZE_ENTER, GAZE_TAB, GAZE_PASTE_BEGIN,
  GAZE_PASTE_END, GAZE_UNKNOWN_KEY,
  GAZE_FUNCTION  // + 1...24
};

// The next byte or key without waiting, or GAZE_NO_KEY.
int gaze_curses_read(void);

// MARK: Signals

// Makes SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGCONT write their number into a pipe and
// returns the end to read, or -1. A second SIGTERM or SIGHUP before gaze_signals_acknowledge ends
// the process at once, for a loop that no longer listens.
int gaze_signals_open(void);
void gaze_signals_acknowledge(void);
// Gives every signal its former action.
void gaze_signals_close(void);
// Stops the process and its group as Ctrl-Z does and returns when it is continued; returns at once
// where nobody could continue it.
void gaze_signals_stop(void);
// Returns once the process's group has the terminal; in the background it stops until then, as
// using the terminal would stop it, but a SIGTERM or SIGHUP still ends it.
void gaze_signals_await_foreground(void);
// While a child has the terminal: Ctrl-C and Ctrl-\ reach the child alone, and Ctrl-Z stops this
// process with it, so that the shell comes back. The child inherits SIGINT and SIGQUIT ignored.
void gaze_signals_lend(void);
void gaze_signals_reclaim(void);

// Remembers how the terminal is now and which bytes reset it; from then on a crash (SIGSEGV,
// SIGABRT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGQUIT, SIGPIPE) or an exit() restores it before the
// process dies as it would have. The bytes are copied; at most 256 are kept.
void gaze_guard_open(const char *reset, int count);
void gaze_guard_close(void);
