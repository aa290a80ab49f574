import Foundation

/// A shell that performs a command, in a process group of its own: so all that it starts can be
/// ended with it, and Ctrl-C reaches it only through the session.
///
/// Not through `Process`, which takes it to be running as long as anything that it left behind.
struct ShellProcess: ~Copyable {
  /// Why there is no process.
  struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ code: Int32) { description = String(cString: strerror(code)) }
  }

  /// Where it and all that it starts write, both output and errors.
  let output: Int32
  /// Its own number and that of its group. No other process gets it before ``wait()``.
  private let process: pid_t

  init(_ command: String) throws(Problem) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Problem(errno) }
    // Nobody else that is started meanwhile may hold it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[1]) }
    var process = pid_t()
    let code = ShellProcess.spawn(&process, command, into: ends[1])
    guard code == 0 else {
      close(ends[0])
      throw Problem(code)
    }
    (output, self.process) = (ends[0], process)
  }

  deinit { close(output) }

  /// Whether the shell itself has ended, whatever it left behind.
  var isOver: Bool {
    var information = siginfo_t()
    // It is only looked at, so that its number stays its own.
    let result = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
    return result == 0 ? information.si_signo != 0 : errno != EINTR
  }

  /// Waits for its end and gives its exit status, as shells count it: 128 and the number of a
  /// signal that ended it.
  consuming func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return 127 } }
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }

  /// Asks it and all that it started to end, and then makes them.
  consuming func end() {
    kill(-process, SIGTERM)
    usleep(100_000)
    kill(-process, SIGKILL)
    _ = wait()
  }

  /// Starts the shell.
  ///
  /// - Returns: 0, or why it was not started.
  private static func spawn(
    _ process: inout pid_t, _ command: String, into output: Int32
  ) -> Int32 {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    // What is ignored or blocked here is the command's own business.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    for fixed in [SIGKILL, SIGSTOP] { sigdelset(&signals, fixed) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let words = ["/bin/sh", "-c", command]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    return posix_spawn(&process, "/bin/sh", &actions, &attributes, &arguments, environ)
  }
}
