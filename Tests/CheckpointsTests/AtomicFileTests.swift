import Foundation
import Testing

@testable import Checkpoints

/// The exit code of a program, its output unseen.
private func run(_ arguments: String...) -> Int32 {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = arguments
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return -1 }
  process.waitUntilExit()
  return process.terminationStatus
}

/// A disk of 64 KiB that lasts as long as this object; nil where the user may not mount one.
private final class SmallDisk {
  let folder: TemporaryFolder

  init?() {
    guard let folder = try? TemporaryFolder(),
      run("mount", "-t", "tmpfs", "-o", "size=64k", "gaze-tests", folder.url.path) == 0
    else { return nil }
    self.folder = folder
  }

  func makeReadOnly() -> Bool { run("mount", "-o", "remount,ro", folder.url.path) == 0 }

  deinit { _ = run("umount", folder.url.path) }
}

private let canMount = SmallDisk() != nil

private func names(in folder: TemporaryFolder) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
}

/// What an error says, without the folder.
private func complaint(_ folder: TemporaryFolder, _ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)".replacing(folder.url.path, with: "FOLDER")
  }
}

@Suite struct AtomicFileTests {
  @Test func replacesTheEarlierFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a longer earlier text", to: "file.txt")
    var file = try AtomicFile(replacing: path)
    try file.append("one ")
    try file.append("two")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "a longer earlier text")
    try file.commit()
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "one two")
    #expect(try names(in: folder) == ["file.txt"])
    try AtomicFile.replace(path, with: "")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "")
  }

  @Test func leavesNothingBehindWhenItIsGivenUp() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("earlier", to: "file.txt")
    struct Halt: Error {}
    func half() throws {
      var file = try AtomicFile(replacing: path)
      try file.append("half")
      #expect(try names(in: folder).count == 2)
      throw Halt()
    }
    #expect(throws: Halt.self) { try half() }
    #expect(try names(in: folder) == ["file.txt"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "earlier")
  }

  @Test func takesAwayWhatAKilledProcessLeft() throws {
    let folder = try TemporaryFolder()
    // A process that has ended, and one that runs.
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["true"]
    try process.run()
    let dead = process.processIdentifier
    process.waitUntilExit()
    for name in [".file.txt.tmp-\(dead)", ".other.txt.tmp-\(dead)"] {
      try folder.write("half", to: name)
    }
    for name in [".file.txt.tmp-1", ".file.txt.tmp-x"] { try folder.write("half", to: name) }
    try AtomicFile.replace(folder.path("file.txt"), with: "whole")
    #expect(
      try names(in: folder)
        == [".file.txt.tmp-1", ".file.txt.tmp-x", ".other.txt.tmp-\(dead)", "file.txt"])
  }

  @Test func neverWritesThroughALink() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("kept", to: "target")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path(".file.txt.tmp-\(getpid())"), withDestinationPath: target)
    let found = complaint(folder) { try AtomicFile.replace(folder.path("file.txt"), with: "x") }
    #expect(found.contains("FOLDER/file.txt: cannot create it: "))
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "kept")
  }

  @Test func saysWhatStandsInTheWay() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "taken/x")
    #expect(
      complaint(folder) { try AtomicFile.replace(folder.path("none/file"), with: "x") }
        == "FOLDER/none/file: cannot create it: No such file or directory; make the folder first, "
        + "or name one that is there")
    #expect(
      complaint(folder) { try AtomicFile.replace(folder.path("taken"), with: "x") }
        == "FOLDER/taken: cannot replace it: Is a directory; a folder has this name; name another "
        + "file")
    let long = String(repeating: "x", count: 250)
    #expect(
      complaint(folder) { try AtomicFile.replace(folder.path(long), with: "x") }
        .contains("cannot create it: File name too long"))
    #expect(complaint(folder) { try AtomicFile.replace("a\0b", with: "x") }.contains("Invalid"))
    #expect(try names(in: folder) == ["taken"])
  }

  @Test(.enabled(if: canMount, "mounting a small disk needs root"))
  func leavesTheEarlierFileWholeOnAFullDisk() throws {
    let disk = try #require(SmallDisk())
    let path = try disk.folder.write([UInt8](repeating: 7, count: 20_000), to: "file.bin")
    func fill() throws {
      var file = try AtomicFile(replacing: path)
      let part = [UInt8](repeating: 1, count: 10_000)
      for _ in 0..<10 { try part.withUnsafeBytes { try file.append($0) } }
      try file.commit()
    }
    #expect(
      complaint(disk.folder, fill)
        == "FOLDER/file.bin: cannot write it: No space left on device; free some space, or name a "
        + "folder on another disk")
    #expect(try names(in: disk.folder) == ["file.bin"])
    #expect(
      try Data(contentsOf: URL(filePath: path)) == Data([UInt8](repeating: 7, count: 20_000)))
    // What was written in vain is free again.
    try AtomicFile.replace(path, with: String(repeating: "x", count: 30_000))
    try #require(disk.makeReadOnly())
    #expect(
      complaint(disk.folder) { try AtomicFile.replace(path, with: "x") }
        == "FOLDER/file.bin: cannot create it: Read-only file system; name a folder that you may "
        + "write to")
    #expect(try Data(contentsOf: URL(filePath: path)).count == 30_000)
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
  func leavesTheEarlierFileWholeInAReadOnlyFolder() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("earlier", to: "file.txt")
    try #require(chmod(folder.url.path, 0o555) == 0)
    defer { chmod(folder.url.path, 0o755) }
    #expect(
      complaint(folder) { try AtomicFile.replace(path, with: "x") }
        == "FOLDER/file.txt: cannot create it: Permission denied; name a folder that you may write "
        + "to")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "earlier")
  }
}
