import Checkpoints
import Engine
import Foundation
import Tensors

/// What a front end starts a session with.
package struct Launch: Sendable {
  /// One thing to do at the start, in the order of the command line.
  package enum Step: Sendable, Equatable {
    case line(String)
    case script(String)
    /// Lines from standard input.
    case standardInput
  }

  package var steps: [Step] = []
  package var threads: Int?
  package var allowsShell = false
  package var bails = false
  package var echoes = false
  package var isQuiet = false
  package var format = OutputFormat.text

  package init() {}

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
    let runtime = EngineRuntime(
      kernels: kernels, threads: threads ?? ThreadPool.processorCount)
    let locator = CheckpointLocator(bundled: ResourceFolder.checkpoints())
    return Session(runtime: runtime, locator: locator, allowsShell: allowsShell, emit: emit)
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
