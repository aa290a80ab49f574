import CCurses
import Foundation
import Screen

/// Edits a text in the user's own editor.
enum ExternalEditor {
  /// The text after editing, or a sentence saying why there is none. Call it while the terminal is
  /// lent.
  static func edit(_ text: String) -> Result<String, Problem> {
    let environment = ProcessInfo.processInfo.environment
    let command = [environment["VISUAL"], environment["EDITOR"]]
      .compactMap { $0 }.first { !$0.isEmpty } ?? "vi"
    let folder = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array((folder + "/gaze-XXXXXX.txt").utf8CString)
    let descriptor = mkstemps(&template, 4)
    guard descriptor >= 0 else { return .failure(Problem("cannot make a file in \(folder)")) }
    close(descriptor)
    let path = template.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
    defer { unlink(path) }
    do {
      try text.write(toFile: path, atomically: false, encoding: .utf8)
      let status = run(command, path)
      guard status == 0 else { return .failure(Problem("\(command) ended with status \(status)")) }
      var edited = try String(contentsOfFile: path, encoding: .utf8)
      // Editors end the last line; the input line does not.
      if edited.hasSuffix("\n") { edited.removeLast() }
      guard edited.utf8.count <= LineBuffer.byteLimit else {
        return .failure(
          Problem(
            "the edited text has \(edited.utf8.count) bytes; the input line takes "
              + "\(LineBuffer.byteLimit) and is as it was"))
      }
      return .success(edited)
    } catch {
      return .failure(Problem("cannot read back what \(command) wrote"))
    }
  }

  struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// Runs the command through a shell, since it may carry options, with the path as an argument of
  /// its own, since it may hold blanks.
  private static func run(_ command: String, _ path: String) -> Int32 {
    let words = ["/bin/sh", "-c", command + " \"$1\"", "sh", path]
    var pointers = words.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var ignored = sigset_t()
    sigemptyset(&ignored)
    sigaddset(&ignored, SIGINT)
    sigaddset(&ignored, SIGQUIT)
    posix_spawnattr_setsigdefault(&attributes, &ignored)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    gaze_signals_lend()
    defer { gaze_signals_reclaim() }
    var child = pid_t()
    guard posix_spawn(&child, "/bin/sh", nil, &attributes, &pointers, environ) == 0 else {
      return 127
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { guard errno == EINTR else { return 127 } }
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }
}
