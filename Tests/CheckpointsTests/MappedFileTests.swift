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
    #expect(throws: CheckpointError.empty(path: empty)) { try MappedFile(path: empty) }
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

  /// What the handler of a fault writes; the fault itself would end the tests.
  @Test func namesTheFileThatAFaultLiesIn() throws {
    let files = try ["first.bin", "second\u{1B}.bin"].map {
      try MappedFile(path: folder.write([UInt8](repeating: 1, count: 200_001), to: $0))
    }
    for file in files {
      let name = file.path.replacing("\u{1B}", with: "\\u{1b}")
      for offset in [0, 150_000, 200_000] {
        let (isOurs, text) = try reported(UInt(bitPattern: file.bytes.baseAddress) + UInt(offset))
        #expect(isOurs)
        #expect(
          text == "gaze: \(name) was cut short or became unreadable while in use; load it again\n")
      }
    }
    let nobody = try reported(16)
    #expect(!nobody.isOurs && nobody.text.isEmpty)
  }

  private func reported(_ address: UInt) throws -> (isOurs: Bool, text: String) {
    let pipe = Pipe()
    let isOurs = MappedFile.reportFault(
      at: address, to: pipe.fileHandleForWriting.fileDescriptor)
    try pipe.fileHandleForWriting.close()
    let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
    return (isOurs, String(decoding: text, as: UTF8.self))
  }
}
