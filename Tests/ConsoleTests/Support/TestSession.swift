@testable import Console
import Checkpoints
import Engine
import Foundation
import Synchronization

/// A real session over the bundled checkpoint, whose events are kept.
final class TestSession: Sendable {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let apple = root.appending(path: "examples/pictures/red-apple.png").path
  static let cat = root.appending(path: "examples/pictures/cat-face.png").path
  static let checkpoint = root.appending(
    path: "Sources/gaze/Resources/checkpoints/emoji-clip")

  private final class Recorder: Sendable {
    let events = Mutex<[Event]>([])
  }

  let session: Session
  private let recorder: Recorder

  init(_ options: Session.Options = Session.Options()) {
    let recorder = Recorder()
    self.recorder = recorder
    session = Session(
      runtime: EngineRuntime(threads: 2),
      locator: CheckpointLocator(
        bundled: [TestSession.checkpoint], environment: ["HOME": "/nonexistent"]),
      options: options
    ) { event in recorder.events.withLock { $0.append(event) } }
  }

  var events: [Event] { recorder.events.withLock { $0 } }

  var records: [Record] {
    events.compactMap { if case .finished(let record) = $0 { record } else { nil } }
  }

  /// The error codes of all commands so far, nil for those that succeeded.
  var codes: [String?] { records.map { $0.failure?.code } }

  /// Performs lines as a script would and gives the last record.
  @discardableResult
  func run(_ lines: String..., origin: Statement.Origin = .script) async throws -> Record {
    for line in lines { await session.perform(line, origin: origin) }
    guard let last = records.last else { throw Failure(description: "nothing was performed") }
    return last
  }

  /// Performs a script as `gaze SCRIPT` does and gives the process's exit code.
  func exitCode(ofScript text: String, in folder: Scratch) async throws -> Int32 {
    let path = try folder.write("script.gaze", text)
    return await exitCode(of: [.script(path)])
  }

  func exitCode(of steps: [Launch.Step]) async -> Int32 {
    await session.run(steps)
    var state = await session.exitState
    state.settle()
    return state.code
  }

  /// What the plain renderer makes of everything so far.
  func transcript(
    format: OutputFormat = .text, isStreaming: Bool = false
  ) -> (output: String, errors: String) {
    TestSession.transcript(of: events, format: format, isStreaming: isStreaming)
  }

  static func transcript(
    of events: [Event], format: OutputFormat, isStreaming: Bool
  ) -> (output: String, errors: String) {
    let streams = KeptStreams()
    var renderer = PlainRenderer(to: streams, format: format, isStreaming: isStreaming)
    for event in events { renderer.show(event) }
    return (streams.output.withLock { $0 }, streams.errors.withLock { $0 })
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String
}

final class KeptStreams: OutputStreams {
  let output = Mutex("")
  let errors = Mutex("")

  func write(_ text: String) { output.withLock { $0 += text } }
  func writeError(_ text: String) { errors.withLock { $0 += text } }
}

/// A folder that goes away with its last use.
final class Scratch: Sendable {
  let path: String

  init(in folder: URL = FileManager.default.temporaryDirectory) throws {
    path = folder.appending(path: "gaze-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: file(name))), as: UTF8.self)
  }
}
