import Foundation
import Testing

@testable import Screen

@Suite struct HistoryTests {
  @Test func equalEntriesCollapseToTheNewest() {
    var history = History(["a", "b", "a"])
    #expect(history.entries == ["b", "a"])
    history.append("b")
    #expect(history.entries == ["a", "b"])
    history.append("  ")
    #expect(history.entries == ["a", "b"])
  }

  /// Swift calls these two strings equal; they are different inputs.
  @Test func spellingsAreKeptApartByBytes() {
    var history = History(["한", "\u{1112}\u{1161}\u{11ab}"])
    #expect(history.entries.count == 2)
    history.append("한")
    #expect(history.entries.map(\.utf8.count) == [9, 3])
  }

  @Test func theOldestLeaveAtTheLimit() {
    var history = History(["a", "b", "c", "d"], limit: 3)
    #expect(history.entries == ["b", "c", "d"])
    history.append("e")
    #expect(history.entries == ["c", "d", "e"])
  }

  @Test func searchIgnoresCaseUnlessAsked() {
    let history = History([":LOAD A", ":load b"])
    #expect(history.search("load", before: 2) == 1)
    #expect(history.search("load", before: 1) == 0)
    #expect(history.search("LOAD", before: 2) == 0)
    #expect(history.search("zzz", before: 2) == nil)
    #expect(history.search("load", after: 0) == 1)
    #expect(history.search("load", after: 1) == nil)
  }
}

@Suite struct HistoryFileTests {
  private func withFile(_ body: (HistoryFile) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(HistoryFile(path: folder.appending(path: "state/gaze/history").path))
  }

  @Test func entriesSurviveWithTheirLines() throws {
    try withFile { file in
      #expect(try file.load().entries.isEmpty)
      let entries = ["plain", "two\nlines", "back\\slash \\n", "한국어 🙂", "carriage\rreturn"]
      for entry in entries { try file.append(entry) }
      #expect(try file.load().entries == entries)
    }
  }

  @Test func everyEntryIsOnDiskAtOnce() throws {
    try withFile { file in
      try file.append("one\ntwo")
      #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "one\\ntwo\n")
      let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
    }
  }

  @Test func damagedFilesAreReadAsFarAsPossible() throws {
    try withFile { file in
      try file.append("first")
      let url = URL(filePath: file.path)
      var bytes = try Data(contentsOf: url)
      bytes.append(contentsOf: [0xff, 0x61, 0x0a, 0x0a, 0x00, 0x0a, 0x63, 0x5c])
      try bytes.write(to: url)
      let entries = try file.load().entries
      #expect(entries == ["first", "\u{fffd}a", "\u{0}", "c\\"])
      try file.append("after a line cut short")
      #expect(try file.load().entries.last == "after a line cut short")
    }
  }

  @Test func longFilesAreCutToTheNewest() throws {
    try withFile { file in
      try file.append("0")
      let lines = (1...400).map { "\($0 % 300)\n" }.joined()
      try Data(lines.utf8).write(to: URL(filePath: file.path))
      let history = try file.load(limit: 50)
      #expect(history.entries.count == 50)
      #expect(history.entries.last == "100")
      let kept = try String(contentsOfFile: file.path, encoding: .utf8)
      #expect(kept.split(separator: "\n").count == 50)
    }
  }

  /// Of a file that is too long only the end is read, and of that only whole lines.
  @Test func theEndOfAHugeFileIsRead() throws {
    try withFile { file in
      try file.append("first")
      let ends = ["first line\n", "\nlast\n"]
      let count = HistoryFile.readLimit + 4 - ends.joined().utf8.count
      let text = ends[0] + String(repeating: "x", count: count) + ends[1]
      try Data(text.utf8).write(to: URL(filePath: file.path))
      #expect(try file.load().entries == ["last"])
    }
  }

  @Test func anUnwritablePlaceIsAnErrorWithItsReason() throws {
    let file = HistoryFile(path: "/dev/null/history")
    #expect(throws: ScreenError.self) { try file.append("x") }
    do { try file.append("x") } catch {
      #expect(
        error.description == "cannot write the history /dev/null/history: Not a directory; "
          + "this session's input will not be remembered")
    }
  }
}
