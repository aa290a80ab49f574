import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// `gaze` as a process, and files that change under its hands.
@Suite struct ProgramFileTests {
  private static let root = Fixture.root.deletingLastPathComponent().deletingLastPathComponent()
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "gaze-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func started(
    _ arguments: [String], input: FileHandle = .nullDevice
  ) throws -> (process: Process, output: FileHandle, errors: FileHandle) {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "gaze")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let (output, errors) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
    try process.run()
    return (process, output.fileHandleForReading, errors.fileHandleForReading)
  }

  private func text(_ handle: FileHandle) throws -> String {
    String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
  }

  /// A log in the file that the commands come from would be read as commands again, for ever.
  @Test func aScriptOnStandardInputIsNotOverwritten() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appending(path: "self.gaze")
    let lines = ":log self.gaze force\n:export embedding self.gaze force\n:print a\n"
    try Data(lines.utf8).write(to: script)
    let gaze = try started([], input: FileHandle(forReadingFrom: script))
    gaze.process.waitUntilExit()
    #expect(gaze.process.terminationStatus == 1)
    #expect(try text(gaze.output) == "a\n")
    #expect(try text(gaze.errors).contains("self.gaze is being read or written by this session"))
    #expect(try String(contentsOf: script, encoding: .utf8) == lines)
  }

  /// Weights that are cut while they are multiplied end the process, but not without a name: a
  /// fault that says which file, or the error that the next look at the file gives.
  @Test func weightsThatAreCutInUseAreNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = folder.appending(path: "model")
    let bundled = Self.root.appending(path: "Sources/gaze/Resources/checkpoints/emoji-clip")
    try FileManager.default.copyItem(at: bundled, to: model)
    let labels = (0..<30_000).map { "label number \($0)\n" }.joined()
    try Data(labels.utf8).write(to: folder.appending(path: "labels.txt"))
    let gaze = try started([
      "--json", "--stream", "-e", ":load model",
      "-e", ":image \(Self.root.path)/examples/pictures/cat-face.png", "-e", ":rank @labels.txt",
    ])
    // Some labels are encoded, and many are left.
    var said = Data()
    while !String(decoding: said, as: UTF8.self).contains("encoding labels"),
      case let more = gaze.output.availableData, !more.isEmpty
    { said += more }
    #expect(truncate(model.appending(path: "model.safetensors").path, 4096) == 0)
    said += try gaze.output.readToEnd() ?? Data()
    gaze.process.waitUntilExit()
    #expect(!String(decoding: said, as: UTF8.self).contains("probability"))
    let errors = try text(gaze.errors)
    if gaze.process.terminationReason == .uncaughtSignal {
      #expect(gaze.process.terminationStatus == SIGBUS)
      #expect(errors.contains("model.safetensors was cut short or became unreadable while in use"))
    } else {
      #expect(gaze.process.terminationStatus == 1)
      #expect(String(decoding: said, as: UTF8.self).contains("model.safetensors"))
    }
  }
}
