import Foundation
import Testing

@testable import Checkpoints
@testable import Training

/// A small disk that lasts as long as this object; nil where the user may not mount one.
private final class SmallDisk {
  let path: String

  init?(at path: String) {
    self.path = path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard SmallDisk.run("mount", "-t", "tmpfs", "-o", "size=\(SmallDisk.kilobytes)k", "gaze-tests", path)
    else { return nil }
  }

  deinit { _ = SmallDisk.run("umount", path) }

  static let kilobytes = 1200

  private static func run(_ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  static let canMount: Bool = {
    guard let place = try? TemporaryPlace() else { return false }
    return SmallDisk(at: place.path("disk")) != nil
  }()
}

@Suite struct FullDiskTests {
  @Test(.enabled(if: SmallDisk.canMount, "mounting a small disk needs root"))
  func keepsTheEarlierState() throws {
    let run = try TinyRun()
    try run.train(run.write(folder: "whole"))
    let disk = try #require(SmallDisk(at: run.file("disk")))
    let recipe = try run.write(folder: "disk/run")
    try run.train(recipe, steps: 2)
    let state = "disk/run/" + TrainingState.fileName
    let before = try run.bytes(state)
    // Room for all but a second state.
    let filler = run.file("disk/filler")
    FileManager.default.createFile(atPath: filler, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: filler))
    for _ in 0..<SmallDisk.kilobytes {
      guard (try? handle.write(contentsOf: Data(repeating: 1, count: 1024))) != nil else { break }
    }
    try handle.close()
    let refusal = try #require(run.refusal(recipe, resumes: true))
    #expect(refusal.problem.contains("training-state.safetensors: cannot"), "\(refusal)")
    #expect(refusal.problem.contains("No space left on device"), "\(refusal)")
    #expect(try run.bytes(state) == before)
    try FileManager.default.removeItem(atPath: filler)
    try run.train(recipe, resumes: true)
    try run.expectSame("whole", "disk/run")
    withExtendedLifetime(disk) {}
  }
}
