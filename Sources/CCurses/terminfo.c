// Apart from screen.c because term.h defines hundreds of plain words as macros.
#include "curses_shim.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

static int count_of(NCURSES_CONST char *const *names) {
  int count = 0;
  while (names[count] != NULL) count++;
  return count;
}

bool gaze_terminfo_open(void) {
  int status = 0;
  return setupterm(NULL, STDOUT_FILENO, &status) == OK && cur_term != NULL;
}

void gaze_terminfo_close(void) {
  if (cur_term != NULL) del_curterm(cur_term);
}

int gaze_terminfo_flag_count(void) { return count_of(boolnames); }
int gaze_terminfo_number_count(void) { return count_of(numnames); }
int gaze_terminfo_string_count(void) { return count_of(strnames); }

const char *gaze_terminfo_flag_name(int index) { return boolnames[index]; }
const char *gaze_terminfo_number_name(int index) { return numnames[index]; }
const char *gaze_terminfo_string_name(int index) { return strnames[index]; }

bool gaze_terminfo_flag(const char *name) {
  return tigetflag((NCURSES_CONST char *)name) > 0;
}

int gaze_terminfo_number(const char *name) {
  int value = tigetnum((NCURSES_CONST char *)name);
  return value < 0 ? -1 : value;
}

const char *gaze_terminfo_string(const char *name) {
  char *value = tigetstr((NCURSES_CONST char *)name);
  return value == (char *)-1 ? NULL : value;
}
