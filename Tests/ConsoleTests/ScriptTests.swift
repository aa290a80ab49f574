@testable import Console
import Testing

@Suite struct ScriptTests {
  private func exitCode(_ script: String, bails: Bool = false) async throws -> Int32 {
    var options = Session.Options()
    options.bails = bails
    return try await TestSession(options).exitCode(ofScript: script, in: Scratch())
  }

  @Test(arguments: [
    (":print fine", 0),
    (":rank a | b", 1),
    (":nope", 1),
    // Expected failures are none, but only right behind them and only by their code.
    (":rank a\n# a comment between\n\n:check error.code == model.none", 0),
    (":rank a\n:print x\n:check error.code == model.none", 1),
    (":rank a\n:check error.message ~ /no model/", 1),
    (":rank a\n:check error.code == media.none", 3),
    (":check top == cat", 3),
    (":rank a\n:check top == cat", 3),
    (":quit 7\n:nope", 7),
    (":nope\n:quit 0", 0),
    (":nope\n:quit", 1),
    (":check top == cat\n:quit 5", 5),
    (":source /nonexistent", 1),
    ("text for a model that answers", 1),
    ("!true", 1),
  ])
  func endsWithTheCodeThatItsCommandsDeserve(_ script: String, _ code: Int32) async throws {
    #expect(try await exitCode(script) == code)
  }

  @Test func interruptsBeatEverything() async throws {
    let folder = try Scratch()
    let test = TestSession()
    test.session.interrupt()
    let code = try await test.exitCode(ofScript: ":print never\n:quit 3", in: folder)
    #expect(code == 130)
    #expect(test.records.map(\.verb) == ["source"] || test.records.isEmpty)
  }

  @Test func typingOnForgetsAnInterrupt() async throws {
    let test = TestSession()
    test.session.interrupt()
    let record = try await test.run(":print on", origin: .prompt)
    #expect(record.failure == nil)
    #expect(await test.session.exitState.code == 0)
  }

  @Test func cannotStartWithoutWhatTheCommandLineNames() async throws {
    #expect(await TestSession().exitCode(of: [.script("/nonexistent")]) == 2)
    let test = TestSession()
    #expect(await test.exitCode(of: [.startUp(":load nonexistent"), .line(":print x")]) == 2)
    #expect(test.records.map(\.verb) == ["load"])
  }

  @Test func bailsBeforeTheNextCommand() async throws {
    var options = Session.Options()
    options.bails = true
    let folder = try Scratch()
    let inner = try folder.write("inner.gaze", ":rank a\n:check error.code == model.none\n:nope\n:print no")
    let test = TestSession(options)
    let code = try await test.exitCode(ofScript: ":source \(inner)\n:print no", in: folder)
    #expect(code == 1)
    #expect(test.records.map(\.verb) == ["rank", "check", "nope", "source", "source"])
  }

  @Test func quitsFromInsideAScript() async throws {
    let folder = try Scratch()
    let inner = try folder.write("inner.gaze", ":quit 9\n:print no")
    let test = TestSession()
    let code = try await test.exitCode(ofScript: ":source \(inner)\n:print no", in: folder)
    #expect(code == 9)
    #expect(test.records.map(\.verb) == ["quit", "source", "source"])
  }

  @Test func stopsAScriptThatCallsItself() async throws {
    let folder = try Scratch()
    let path = folder.file("script.gaze")
    let test = TestSession()
    let code = try await test.exitCode(ofScript: ":source \(path)", in: folder)
    #expect(code == 1)
    #expect(test.codes.contains("script.depth"))
  }

  @Test func readsAllOfAScriptBeforeItRunsAny() async throws {
    let folder = try Scratch()
    let test = TestSession()
    let path = try folder.write("open.gaze", ":print one\n\"\"\"open\n")
    let record = try await test.run(":source \(path)")
    #expect(record.failure?.code == "syntax")
    #expect(record.failure?.message.hasSuffix(":2: the \"\"\" opened here is not closed") == true)
    #expect(test.records.count == 1)
  }

  @Test func refusesScriptsThatAreNone() async throws {
    let folder = try Scratch()
    let test = TestSession()
    let broken = try folder.write("latin1.gaze", [0x3a, 0x70, 0xe9, 0x0a])
    #expect(try await test.run(":source \(broken)").failure?.code == "file.encoding")
    #expect(try await test.run(":source \(folder.path)").failure?.code == "file.kind")
    #expect(try await test.run(":source /dev/zero").failure?.code == "file.size")
    let marked = try folder.write("bom.gaze", [0xef, 0xbb, 0xbf] + Array(":print x\r\n".utf8))
    try await test.run(":source \(marked)")
    #expect(test.records.suffix(2).map(\.verb) == ["print", "source"])
  }

  @Test func keepsTheLastResultAcrossRemarks() async throws {
    let test = TestSession()
    try await test.run(":set", ":print a remark", ":echo on", ":check settings.0.name == precision")
    #expect(test.codes == [nil, nil, nil, nil])
    #expect(
      try await test.run(":clear", ":check settings.0.name == precision").failure?.code
        == "check.empty")
  }

  @Test func resetsEverything() async throws {
    let test = TestSession()
    try await test.run(
      ":load emoji-clip", ":image \(TestSession.cat)", ":set threads 1", ":set budget 5",
      ":mode json", ":reset")
    try await test.run(":set threads", ":check settings.0.value == 2")
    try await test.run(":set budget", ":check settings.0.value == 178956970")
    let record = try await test.run(":rank a")
    #expect(record.failure?.code == "model.none")
    #expect(test.codes.dropLast().allSatisfy { $0 == nil })
  }

  @Test func echoesScriptsAndNoRemarkTwice() async throws {
    var options = Session.Options()
    options.echoes = true
    let test = TestSession(options)
    try await test.run(":print one", ":media", "\u{1b}]0;title")
    #expect(test.transcript().output.hasPrefix("one\n> :media\nno picture is staged\n> \\u{1b}]0;title\n"))
    try await test.run(":echo off", ":media")
    #expect(test.transcript().output.hasSuffix("> :echo off\nno picture is staged\n"))
  }

  @Test func refusesShellCommandsOfScripts() async throws {
    let test = TestSession()
    #expect(try await test.run("!echo hello").failure?.code == "shell.refused")
    #expect(try await test.run("!echo hello", origin: .prompt).failure == nil)
    #expect(try await test.run("!exit 3", origin: .prompt).failure?.code == "shell.failed")
    #expect(test.transcript().output == "hello\n")
    _ = try await test.run("!printf 'a\\r\\nb\\r\\n'", origin: .prompt)
    #expect(test.transcript().output == "hello\na\nb\n")
  }

  @Test func drawsWithTheCharactersThatAreSet() async throws {
    let test = TestSession()
    try await test.run(":image \(TestSession.apple)", ":preview")
    let ascii = test.transcript().output.split(separator: "\n").dropFirst(2).dropLast()
    #expect(!ascii.isEmpty && ascii.allSatisfy { $0.allSatisfy(\.isASCII) })
    try await test.run(":set renderer blocks", ":preview")
    #expect(test.transcript().output.contains { "▀▄█".contains($0) })
  }
}
