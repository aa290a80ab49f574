#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1

#include "curses_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

// Everything a handler touches is written before the handler is installed.
static int pipe_ends[2] = {-1, -1};
// The SIGTERM or SIGHUP that the loop has not taken note of yet, or 0.
static volatile sig_atomic_t ending;
static volatile sig_atomic_t is_guarded;
static struct termios saved_modes;
static char reset_bytes[256];
static int reset_count;

static const int told[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT};
static const int fatal[] = {
    SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGQUIT, SIGPIPE};
enum { told_count = sizeof told / sizeof *told, fatal_count = sizeof fatal / sizeof *fatal };
static struct sigaction told_before[told_count];
static struct sigaction fatal_before[fatal_count];

// Whether another group of processes has the terminal.
static bool is_in_background(void) {
  pid_t group = tcgetpgrp(STDIN_FILENO);
  return group > 0 && group != getpgrp();
}

// Only tcgetpgrp, getpgrp, tcsetattr and write, all async-signal-safe.
static void restore_terminal(void) {
  if (!is_guarded) return;
  is_guarded = 0;
  // The terminal is another program's then, and tcsetattr would stop this one for good.
  if (is_in_background()) return;
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
  ssize_t ignored = write(STDOUT_FILENO, reset_bytes, (size_t)reset_count);
  (void)ignored;
}

static void die(int number) {
  restore_terminal();
  signal(number, SIG_DFL);
  // Blocked while its handler runs, so it arrives on return, and the process dies of it.
  raise(number);
}

// A fault in a mapped file goes on to whoever handled it before, who can name the file: the
// instruction that met it runs again.
static void crash(int number, siginfo_t *info, void *context) {
  (void)context;
  if (number != SIGBUS || info->si_code <= 0) {
    die(number);
    return;
  }
  restore_terminal();
  for (int i = 0; i < fatal_count; i++) {
    if (fatal[i] == SIGBUS) sigaction(SIGBUS, &fatal_before[i], NULL);
  }
}

static void tell(int number) {
  int error = errno;
  if (number == SIGTERM || number == SIGHUP) {
    if (ending) die(number);
    ending = number;
  }
  unsigned char byte = (unsigned char)number;
  ssize_t ignored = write(pipe_ends[1], &byte, 1);
  (void)ignored;
  errno = error;
}

static void set_handlers(
    const int *numbers, int count, const struct sigaction *action, struct sigaction *before) {
  for (int i = 0; i < count; i++) sigaction(numbers[i], action, &before[i]);
}

int gaze_signals_open(void) {
  if (pipe(pipe_ends) != 0) return -1;
  for (int i = 0; i < 2; i++) {
    fcntl(pipe_ends[i], F_SETFL, O_NONBLOCK);
    fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC);
  }
  ending = 0;
  // Restarted, because other threads read files and must not see EINTR; poll wakes up anyway.
  struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  set_handlers(told, told_count, &action, told_before);
  // Whoever started this process may have left them blocked.
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < told_count; i++) sigaddset(&set, told[i]);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  return pipe_ends[0];
}

void gaze_signals_acknowledge(void) { ending = 0; }

void gaze_signals_stop(void) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  // The rest of the group first, as the terminal's own Ctrl-Z would; then this thread, for which
  // raise is synchronous. With SIGTSTP the kernel refuses to stop a group that no shell could
  // continue; SIGSTOP would stop it for good.
  action.sa_handler = SIG_IGN;
  sigaction(SIGTSTP, &action, &before);
  kill(0, SIGTSTP);
  action.sa_handler = SIG_DFL;
  sigaction(SIGTSTP, &action, NULL);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &before, NULL);
}

void gaze_signals_await_foreground(void) {
  while (is_in_background()) {
    // The loop, which would deal with it, does not run before the terminal is back.
    if (ending) die(ending);
    raise(SIGTTOU);
    // Where the kernel refuses to stop the group, or the signal is ignored, look again later.
    poll(NULL, 0, 50);
  }
}

static const int lent[] = {SIGINT, SIGQUIT, SIGTSTP};
enum { lent_count = sizeof lent / sizeof *lent };
static struct sigaction lent_before[lent_count];

void gaze_signals_lend(void) {
  for (int i = 0; i < lent_count; i++) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = lent[i] == SIGTSTP ? SIG_DFL : SIG_IGN;
    sigaction(lent[i], &action, &lent_before[i]);
  }
}

void gaze_signals_reclaim(void) {
  for (int i = 0; i < lent_count; i++) sigaction(lent[i], &lent_before[i], NULL);
}

void gaze_signals_close(void) {
  for (int i = 0; i < told_count; i++) sigaction(told[i], &told_before[i], NULL);
  for (int i = 0; i < 2; i++) {
    if (pipe_ends[i] >= 0) close(pipe_ends[i]);
    pipe_ends[i] = -1;
  }
}

void gaze_guard_open(const char *reset, int count) {
  if (tcgetattr(STDIN_FILENO, &saved_modes) != 0) return;
  reset_count = count < (int)sizeof reset_bytes ? count : (int)sizeof reset_bytes;
  memcpy(reset_bytes, reset, (size_t)reset_count);
  // A stack overflow leaves no room for the handler but on a stack of its own.
  static char stack[64 << 10];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  is_guarded = 1;
  struct sigaction action = {.sa_sigaction = crash, .sa_flags = SA_ONSTACK | SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  set_handlers(fatal, fatal_count, &action, fatal_before);
  // A broken pipe that somebody chose to ignore is no crash.
  int pipe_index = fatal_count - 1;
  if (fatal_before[pipe_index].sa_handler == SIG_IGN)
    sigaction(SIGPIPE, &fatal_before[pipe_index], NULL);
  // exit() from anywhere leaves the terminal usable as well.
  static bool is_registered;
  if (!is_registered) is_registered = atexit(restore_terminal) == 0;
}

void gaze_guard_close(void) {
  is_guarded = 0;
  for (int i = 0; i < fatal_count; i++) sigaction(fatal[i], &fatal_before[i], NULL);
}
