import Foundation

/// A real pseudo-terminal, emulated by a tmux server of its own, that needs no terminal around the
/// test itself.
final class Tmux {
  private let socket = "gaze-test-" + UUID().uuidString
  let folder: URL

  /// Whether tmux is installed.
  static let isAvailable: Bool = {
    guard let path = ProcessInfo.processInfo.environment["PATH"] else { return false }
    return path.split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: $0 + "/tmux")
    }
  }()

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Starts a shell command on a screen of a size, with exactly this environment.
  init(
    _ command: String, columns: Int = 80, rows: Int = 24, environment: [String: String]
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: socket)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let variables = environment.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    // A shell that a Ctrl-C of the terminal would end, too, could not tell how the command did.
    let script = """
      trap : INT
      stty -a > before
      env -i PATH='\(path)' HOME="$PWD" \(variables) \(command)
      echo "EXIT=$?"
      stty -a > after
      sleep 600
      """
    try script.write(
      to: folder.appending(path: "run.sh"), atomically: true, encoding: .utf8)
    try run(
      "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", folder.path, "sh run.sh")
  }

  deinit {
    _ = try? run("kill-server")
    try? FileManager.default.removeItem(at: folder)
  }

  /// Types keys by tmux's names.
  func press(_ keys: String...) throws { try run(["send-keys"] + keys) }

  /// Types a text literally.
  func type(_ text: String) throws { try run("send-keys", "-l", text) }

  /// Pastes a text as a terminal's clipboard does, bracketed where the program asked for it.
  func paste(_ text: String) throws {
    try run("set-buffer", text)
    try run("paste-buffer", "-p")
  }

  func resize(columns: Int, rows: Int) throws {
    try run("resize-window", "-x", "\(columns)", "-y", "\(rows)")
  }

  /// The screen as text, or with its escape sequences.
  func screen(colors: Bool = false) throws -> String {
    try run(["capture-pane", "-p"] + (colors ? ["-e"] : []))
  }

  var lines: [String] {
    get throws {
      try screen().split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }
  }

  /// The cursor as `column,row`, counted from 0.
  var cursor: String { get throws { try display("#{cursor_x},#{cursor_y}") } }

  /// A fact about the pane, in tmux's format language.
  func display(_ format: String) throws -> String {
    try run("display-message", "-p", format).trimmingCharacters(in: .newlines)
  }

  /// Waits until the screen satisfies a condition, and fails with the screen when it never does.
  @discardableResult
  func wait(
    for what: String, until condition: (String) throws -> Bool
  ) throws -> String {
    // Only a bound on waiting: no test passes or fails by how long something took.
    let deadline = Date(timeIntervalSinceNow: 10)
    while true {
      let screen = try screen()
      if try condition(screen) { return screen }
      guard Date() < deadline else {
        throw Failure(description: "never saw \(what); the screen is\n\(screen)")
      }
      usleep(20_000)
    }
  }

  /// Waits until the screen holds a text.
  @discardableResult
  func wait(for text: String) throws -> String {
    try wait(for: text) { $0.contains(text) }
  }

  @discardableResult
  private func run(_ arguments: String...) throws -> String { try run(arguments) }

  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let output = folder.appending(path: "output").path
    let status = try spawn(
      ["tmux", "-u", "-L", socket, "-f", "/dev/null"] + arguments, output: output)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    guard status == 0 else { throw Failure(description: "tmux \(arguments): \(text)") }
    return text
  }

  /// Runs a program to its end with its output in a file.
  ///
  /// Not through `Process`: that learns of the end from a descriptor which the tmux server inherits
  /// and keeps open.
  private func spawn(_ words: [String], output: String) throws -> Int32 {
    var environment = ProcessInfo.processInfo.environment
    // A tmux around the test is none of its business.
    environment["TMUX"] = nil
    environment["LC_ALL"] = "C.UTF-8"
    var arguments = words.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // The threads that tests run on block signals; a server that inherited that would never end.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      for pointer in arguments + variables { free(pointer) }
    }
    var child = pid_t()
    guard posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &variables) == 0 else {
      throw Failure(description: "cannot start \(words[0])")
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
