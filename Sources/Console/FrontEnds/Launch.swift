import Checkpoints
import Engine
import Foundation
import Tensors

/// What a front end starts a session with.
package struct Launch: Sendable {
  /// One thing to do at the start, in the order of the command line.
  package enum Step: Sendable, Equatable {
    /// A line without which there is no point in going on.
    case startUp(String)
    case line(String)
    case script(String)
    /// Lines from standard input.
    case standardInput
  }

  package var steps: [Step] = []
  package var threads: Int?
  package var allowsShell = false
  package var bails = false
  /// Whether standard input is somebody who types, after all steps.
  package var isTyped = false
  package var echoes = false
  package var isQuiet = false
  package var format = OutputFormat.text
  /// Whether JSON Lines tell how far commands are, too.
  package var isStreaming = false
  /// Whether a terminal session begins with the user's start-up file.
  package var readsStartUpFile = true

  package init() {}

  /// What a session in a terminal begins with: the user's own start-up file, if there is one.
  ///
  /// Scripts run plain do not read it, so that they do the same for everyone.
  package static func startUpFile(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? environment["HOME"].map { $0 + "/.config" }
    let path = folder.map { $0 + "/gaze/init.gaze" }
    return path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }

  /// What to say about a start-up file where nobody should put one: a downloaded folder must not
  /// run commands by being entered.
  package static func strayStartUpFile() -> String? {
    FileManager.default.fileExists(atPath: "init.gaze")
      ? "init.gaze in this folder is not run; :source init.gaze runs it" : nil
  }

  /// A session with what comes with Gaze at hand.
  ///
  /// - Throws: ``LaunchError`` when `GAZE_ISA` names kernels that this machine cannot run.
  package func session(emit: @escaping @Sendable (Event) -> Void) throws(LaunchError) -> Session {
    let environment = ProcessInfo.processInfo.environment
    var kernels = KernelTable.available[0]
    if let name = environment["GAZE_ISA"], !name.isEmpty {
      guard let table = KernelTable.named(name) else {
        throw LaunchError(
          "GAZE_ISA is \(name); this machine runs \(KernelTable.available.map(\.name).joined(separator: ", "))")
      }
      kernels = table
    }
    MappedFile.installFaultReporter()
    let runtime = EngineRuntime(
      kernels: kernels, threads: threads ?? ThreadPool.processorCount)
    let locator = CheckpointLocator(bundled: ResourceFolder.checkpoints())
    var options = Session.Options()
    options.allowsShell = allowsShell
    options.bails = bails
    options.echoes = echoes
    options.format = format
    options.scripts = steps.compactMap { if case .script(let path) = $0 { path } else { nil } }
    return Session(runtime: runtime, locator: locator, options: options, emit: emit)
  }

  /// A word of a command line, quoted so that it means itself.
  package static func quoted(_ word: String) -> String {
    let escaped = word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

/// Why Gaze did not start.
package struct LaunchError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// Where the files that come with Gaze are.
enum ResourceFolder {
  /// The first that exists of: `GAZE_RESOURCES`; `../share/gaze` beside the executable; the
  /// folder that a build makes beside it.
  static func url() -> URL? {
    var candidates: [URL] = []
    if let path = ProcessInfo.processInfo.environment["GAZE_RESOURCES"], !path.isEmpty {
      candidates.append(URL(filePath: path))
    }
    if let executable = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      let folder = executable.deletingLastPathComponent()
      candidates.append(folder.deletingLastPathComponent().appending(path: "share/gaze"))
      candidates.append(folder.appending(path: "gaze_gaze.resources"))
      candidates.append(folder.appending(path: "gaze_gaze.bundle"))
    }
    return candidates.first { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// The bundled checkpoints, by name.
  static func checkpoints() -> [URL] {
    guard let folder = url()?.appending(path: "checkpoints"),
      let contents = try? FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: nil)
    else { return [] }
    return contents.sorted { $0.path < $1.path }
  }
}
