@testable import Console
import Foundation
import Testing

/// What comes from outside is shown escaped, refused by name, and never ends a session.
@Suite struct HostileInputTests {
  /// Whether a terminal could be steered by this text.
  private func isSafe(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n" || !([.control, .format].contains(scalar.properties.generalCategory)
        && scalar != "\u{200d}")
    }
  }

  @Test func refusesWeightsThatWereChangedInPlace() async throws {
    let folder = try Scratch()
    let checkpoint = folder.file("checkpoint")
    try FileManager.default.copyItem(atPath: TestSession.checkpoint.path, toPath: checkpoint)
    let test = TestSession()
    #expect(try await test.run(":load \(checkpoint)", ":embed \"a cat\"").failure == nil)
    let weights = try #require(FileHandle(forWritingAtPath: checkpoint + "/model.safetensors"))
    try weights.seek(toOffset: 1_000_000)
    try weights.write(contentsOf: Data(count: 8))
    try weights.close()
    let failure = try await test.run(":embed \"a dog\"").failure
    #expect(failure?.message.contains("changed after it was loaded; load it again") == true)
    #expect(try await test.run(":load \(checkpoint)", ":embed \"a dog\"").failure == nil)
  }

  @Test func escapesControlsWhereverTheyComeFrom() async throws {
    let folder = try Scratch()
    let nasty = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m"
    let file = folder.file("a\u{1b}[2Jb.png")
    try FileManager.default.copyItem(atPath: TestSession.cat, toPath: file)
    var options = Session.Options()
    options.echoes = true
    let test = TestSession(options)
    try await test.run(
      ":load emoji-clip", ":image \"\(file)\"", ":rank \(nasty) | plain\u{8}", ":print \(nasty)",
      nasty, ":\(nasty) x", ":image \"\(nasty).png\"", ":load \"\(nasty)\"", ":check top == \"\(nasty)\"",
      ":check \(nasty) == 1", ":use \"\(nasty)\"", ":set \"\(nasty)\" 1", ":drop \"\(nasty)\"",
      ":search \(nasty) in \"\(folder.path)\"", ":source \"\(nasty)\"", ":help \"\(nasty)\"",
      ":log \"\(folder.file("log\u{1b}[31m"))\"", ":rank \(nasty) | x", ":log off")
    let (output, errors) = test.transcript()
    #expect(isSafe(output))
    #expect(isSafe(errors))
    #expect(output.contains("\\u{1b}]0;owned\\u{7}"))
    // In a log, what was said stands escaped; what was typed stands as it was, to be run again.
    let comments = try folder.text("log\u{1b}[31m").split(separator: "\n").filter { $0.hasPrefix("#") }
    #expect(comments.allSatisfy { isSafe(String($0)) })
    let records = test.transcript(format: .json).output
    #expect(isSafe(records))
    #expect(records.contains(#"\u001b]0;owned\u0007\u202e\u009b31m"#))
  }

  @Test func survivesLabelsOfAnySize() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat)")
    let huge = String(repeating: "가", count: 350_000)
    #expect(try await test.run(":rank \(huge) | b").failure?.code == "text.tooLong")
    #expect((test.records.last?.failure?.message.count ?? .max) < 500)
    let blank = try folder.write("blank.txt", [UInt8](repeating: 0x20, count: 1 << 20))
    _ = try await test.run(":rank @\(blank)")
    let many = try folder.write("many.txt", String(repeating: "x\n", count: 100_001))
    #expect(try await test.run(":rank @\(many)").failure?.code == "file.size")
    #expect(try await test.run(":rank @/dev/zero").failure?.code == "file.size")
    #expect(try await test.run(":rank a | a").failure?.code == "label.duplicate")
    #expect(try await test.run(":rank @my labels | b").failure?.code == "label.file")
    #expect(try await test.run(":rank \"@my\" labels | b").failure == nil)
    #expect(try await test.run(":rank still | here").failure == nil)
  }

  @Test func refusesBytesThatAreNoText() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat)")
    let broken = try folder.write("broken.txt", [0x61, 0xff, 0xfe, 0x0a])
    #expect(try await test.run(":rank @\(broken)").failure?.code == "file.encoding")
    #expect(try await test.run(":source \(broken)").failure?.code == "file.encoding")
    for word in ["a\u{0}b", "\u{0}", folder.path, "", "/dev/null"] {
      let record = try await test.run(":image \(Launch.quoted(word))")
      #expect(record.failure != nil, "\(word.debugDescription)")
    }
  }

  @Test func findsItsWayAroundNamesThatAreNoText() async throws {
    let folder = try Scratch()
    // The bytes of a name that no String can spell.
    let name = Array((folder.path + "/bad").utf8CString.dropLast()) + [CChar(bitPattern: 0xff)]
      + Array(".png".utf8CString)
    try FileManager.default.copyItem(atPath: TestSession.cat, toPath: folder.file("good.png"))
    #expect(name.withUnsafeBufferPointer { rename(folder.file("good.png"), $0.baseAddress) } == 0)
    try FileManager.default.copyItem(atPath: TestSession.cat, toPath: folder.file("good.png"))
    let test = TestSession()
    try await test.run(":load emoji-clip", ":search cat in \(folder.path)", ":check searched == 1")
    #expect(test.codes == [nil, nil, nil])
    // A glob finds the name and cannot open it.
    #expect(try await test.run(":image \(folder.path)/b*.png").failure?.code == "file.name")
    _ = CommandCompleter(CompletionContext()).candidates(
      for: ":image \(folder.path)/", at: folder.path.utf8.count + 8)
  }

  @Test func completesHostileLines() {
    let completer = CommandCompleter(CompletionContext())
    for line in ["", ":", ":rank \"", ":load \"a b", ":set ", "\u{0}", ":\u{1b}", "🍎:", ":image ~/\""] {
      for cursor in 0...line.utf8.count { _ = completer.candidates(for: line, at: cursor) }
    }
  }
}
