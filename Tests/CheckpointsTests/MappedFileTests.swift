import Foundation
import Testing

@testable import Checkpoints

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct MappedFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsAndReleases() throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let file = try MappedFile(path: folder.write(content, to: "weights"))
    #expect(Array(file.bytes) == content)
    file.advise(.willNeed)
    file.advise(.sequential, 5..<6)
    file.release(1..<290_000)
    file.release()
    file.release(0..<0)
    #expect(Array(file.bytes) == content)
  }

  @Test func refusesWhatIsNotAFile() throws {
    #expect(throws: CheckpointError.notARegularFile(path: folder.url.path, kind: "a folder")) {
      try MappedFile(path: folder.url.path)
    }
    #expect(throws: CheckpointError.notARegularFile(path: "/dev/zero", kind: "a device")) {
      try MappedFile(path: "/dev/zero")
    }
    let fifo = folder.path("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(throws: CheckpointError.notARegularFile(path: fifo, kind: "a FIFO")) {
      try MappedFile(path: fifo)
    }
    let empty = try folder.write([], to: "empty")
    #expect(throws: CheckpointError.self) { try MappedFile(path: empty) }
  }

  @Test func repeatsTheReasonOfTheSystem() throws {
    let absent = folder.path("absent")
    let error = #expect(throws: CheckpointError.self) { try MappedFile(path: absent) }
    #expect(error?.description == "\(absent): cannot open: No such file or directory")
  }

  @Test func noticesAChangedFile() throws {
    let path = try folder.write([UInt8](repeating: 1, count: 9000), to: "weights")
    let file = try MappedFile(path: path)
    try file.verifyUnchanged()
    #expect(truncate(path, 5000) == 0)
    #expect(throws: CheckpointError.changed(path: path)) { try file.verifyUnchanged() }
  }

  @Test func keepsAFileThatWasReplacedByRenaming() throws {
    let path = try folder.write([1, 2, 3], to: "weights")
    let file = try MappedFile(path: path)
    #expect(rename(try folder.write([9], to: "new"), path) == 0)
    try file.verifyUnchanged()
    #expect(Array(file.bytes) == [1, 2, 3])
  }

  @Test(.disabled("one run of all tests hung with this one unfinished; the cause is not known"))
  func namesTheFileWhenItShrinksInUse() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGBUS), observing: [\.standardErrorContent]
    ) {
      let folder = try TemporaryFolder()
      let path = try folder.write([UInt8](repeating: 1, count: 200_000), to: "shrinking.bin")
      let file = try MappedFile(path: path)
      MappedFile.installFaultReporter()
      truncate(path, 0)
      try FileManager.default.removeItem(at: folder.url)
      exit(CInt(file.bytes[150_000]))
    }
    let output = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      output.contains("shrinking.bin was cut short or became unreadable while in use"),
      "\(output)")
  }
}
