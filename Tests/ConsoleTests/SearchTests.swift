@testable import Console
import Foundation
import Testing

@Suite struct SearchTests {
  private func query(_ text: String) throws -> SearchQuery {
    try SearchQuery(try Lexer.words(of: text))
  }

  @Test func splitsAtTheLastUnquotedIn() throws {
    let plain = try query("a cat in the hat in photos")
    #expect(plain.folder == "photos")
    #expect(plain.terms == [.init(isAdded: true, content: .text("a cat in the hat"))])
    #expect(try query(#"cat in "my in folder""#).folder == "my in folder")
    #expect(try query(#""cat in" "in" in d"#).terms == [
      .init(isAdded: true, content: .text("cat in in"))
    ])
  }

  @Test func addsAndTakesAwayBetweenBlanksOnly() throws {
    #expect(
      try query(#"cat + {pic-2} - "x + y" - a-b+c in d"#).terms == [
        .init(isAdded: true, content: .text("cat")),
        .init(isAdded: true, content: .picture(name: "pic-2")),
        .init(isAdded: false, content: .text("x + y")),
        .init(isAdded: false, content: .text("a-b+c")),
      ])
    #expect(try query("- dog in d").terms == [.init(isAdded: false, content: .text("dog"))])
  }

  @Test func takesOnlyNamesInBracesForPictures() throws {
    let content = { (text: String) in try query(text + " in d").terms[0].content }
    #expect(try content("{사과}") == .picture(name: "사과"))
    #expect(try content(#""{pic}""#) == .text("{pic}"))
    #expect(try content(#"\{pic}"#) == .text("{pic}"))
    #expect(try content("{a b}") == .text("{a b}"))
    #expect(try content("{}") == .text("{}"))
  }

  @Test(arguments: [
    "", "cat", "cat in", "in d", "cat in my photos", "cat + in d", "cat + - dog in d",
    "+ - dog in d", "a {pic} in d",
  ])
  func refusesWhatItCannotRead(_ text: String) {
    #expect(throws: SyntaxError.self) { try query(text) }
  }

  private func folder() throws -> Scratch {
    let folder = try Scratch()
    try FileManager.default.createDirectory(
      atPath: folder.file("sub"), withIntermediateDirectories: true)
    for (from, to) in [
      (TestSession.apple, "apple.png"), (TestSession.cat, "sub/cat.PNG"),
      (TestSession.apple, "same apple.png"),
    ] {
      try FileManager.default.copyItem(atPath: from, toPath: folder.file(to))
    }
    _ = try folder.write("broken.png", "no picture")
    _ = try folder.write("notes.txt", "not looked at")
    _ = try folder.write(".hidden.png", "not looked at")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("loop"), withDestinationPath: folder.path)
    return folder
  }

  @Test func ranksPicturesAndSkipsBrokenFiles() async throws {
    let folder = try folder()
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat) as tom")
    try await test.run(":search red apple in \(folder.path)")
    try await test.run(
      ":check searched == 3", ":check skipped == 1",
      ":check items.0.path == \(folder.file("apple.png"))",
      ":check items.2.path == \(folder.file("sub/cat.PNG"))",
      ":check warnings.0.code == search.skipped", ":check warnings.0.message ~ /broken/")
    try await test.run(
      ":search {tom} + red apple - red apple in \(folder.path) top=1",
      ":check items.0.path == \(folder.file("sub/cat.PNG"))", ":check items.0.cosine > 0.99",
      // The same bytes are encoded once, whatever their file is called.
      ":check cached >= 3")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    #expect(test.events.contains { if case .progress = $0 { true } else { false } })
  }

  /// A name that no text can hold is said, not passed over.
  @Test func namesPicturesThatNoPathLeadsTo() async throws {
    let folder = try Scratch()
    let picture = try Data(contentsOf: URL(filePath: TestSession.cat))
    _ = try folder.write("a.png", [UInt8](picture))
    let bytes = Array((folder.path + "/").utf8) + [0xFF, 0xFE] + Array(".png".utf8) + [0]
    let descriptor = bytes.withUnsafeBytes {
      creat($0.bindMemory(to: CChar.self).baseAddress!, 0o600)
    }
    // Some file systems take no such names.
    guard descriptor >= 0 else { return }
    close(descriptor)
    let test = TestSession()
    try await test.run(
      ":load emoji-clip", ":search cat in \(folder.path)", ":check searched == 1",
      ":check skipped == 1")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    #expect(test.transcript().errors.contains("its name is not UTF-8"))
    #expect(try await test.run(":image \(folder.path)/*.png").failure?.code == "file.name")
  }

  @Test func saysWhyThereIsNothingToFind() async throws {
    let empty = try Scratch()
    let test = TestSession()
    #expect(try await test.run(":search a in \(empty.path)").failure?.code == "model.none")
    try await test.run(":load emoji-clip")
    for (line, code) in [
      (":search a in \(empty.path)", "search.none"), (":search a in /nonexistent", "file.missing"),
      (":search a in \(TestSession.cat)", "file.kind"), (":search {x} in \(empty.path)", "media.none"),
      (":search a", "syntax"),
    ] {
      #expect(try await test.run(line).failure?.code == code, "\(line)")
    }
    let some = try folder()
    #expect(try await test.run(":search a - a in \(some.path)").failure?.code == "search.empty")
  }

  @Test func plansWhatARankingWouldTake() async throws {
    let test = TestSession()
    try await test.run(
      ":load emoji-clip", ":image \(TestSession.cat) \(TestSession.apple)",
      ":plan cat | a red apple template=\"an emoji of {}\"",
      ":check tokens.prompts.0.text == \"an emoji of cat\"",
      ":check pictures.1.patches == 64", ":check weightBytes == 11078404",
      ":check peakBytes > 11078404", ":check contextLeft > 0")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    #expect(try await test.run(":set memory 1000", ":plan").failure?.code == "plan.memory")
    let long = String(repeating: "cat ", count: 50)
    #expect(try await test.run(":plan \(long)").failure?.code == "text.tooLong")
  }

  @Test func inspectsWithoutLoading() async throws {
    let test = TestSession()
    try await test.run(
      ":inspect emoji-clip", ":check family == clip", ":check parameters == 5539201",
      ":check totals.0.dtype == bf16", ":check configurations.0.file == config.json",
      ":check tensors.1.shape.0 >= 1")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    #expect(await test.session.models.isEmpty)
    #expect(try await test.run(":inspect /nonexistent").failure?.code == "checkpoint.invalid")
  }
}
