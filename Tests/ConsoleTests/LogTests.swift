@testable import Console
import Tensors
import Testing

@Suite struct LogTests {
  @Test func writesTheSameLogWhenALogIsRun() async throws {
    let folder = try Scratch()
    let labels = try folder.write("labels.txt", "red apple\r\n\"cat face\"\r\n\r\n@home\r\n")
    let script = """
      :load emoji-clip as e
      :set precision f32
      :image "\(TestSession.apple)"   \(TestSession.cat)
      # a comment
      :log "\(folder.file("old.gaze"))"
      :classify @\(labels)   top=2
      :rank  red apple|"|" template="an {}" on=red-apple
      :check top == "red apple"
      :print  a remark with "quotes"
      \"\"\"
      :a prompt
      of two lines
      \"\"\"
      :nope
      :check error.code == verb.unknown
      :image /nonexistent.png
      :check error.code == file.missing
      :attn layer=0
      :source \(folder.file("inner.gaze"))
      :source /nonexistent
      :embed "a text"
      :log off
      :print not in the log
      """
    _ = try folder.write("inner.gaze", ":media\n:show settings\n:quit\n")
    let first = TestSession()
    _ = try await first.exitCode(ofScript: script, in: folder)
    let second = TestSession()
    let old = folder.file("old.gaze")
    _ = await second.exitCode(
      of: [.startUp(":log \(Launch.quoted(folder.file("new.gaze")))"), .script(old)])
    let (before, after) = (try folder.text("old.gaze"), try folder.text("new.gaze"))
    #expect(before == after)
    #expect(before.contains(":load emoji-clip as e\n# e  clip"))
    #expect(before.contains("\n:rank @\(labels) top=2\n"))
    #expect(!before.contains("\n:source"))
    #expect(before.hasSuffix(":quit\n"))
    #expect(!before.contains(":log "))
  }

  @Test func keepsACommandOfSeveralLinesWhole() async throws {
    let folder = try Scratch()
    try await TestSession().run(
      ":log \(folder.file("old"))", ":print one\ntwo", ":help \"a\nb\"", ":log off")
    let second = TestSession()
    let log = ":log \(Launch.quoted(folder.file("new")))"
    _ = await second.exitCode(of: [.startUp(log), .script(folder.file("old"))])
    #expect(second.records.map(\.verb) == ["log", "print", "help", "source"])
    let (old, new) = (try folder.text("old"), try folder.text("new"))
    #expect(old == new)
  }

  @Test func startsWithWhatTheSessionHas() async throws {
    let folder = try Scratch()
    let test = TestSession()
    let threads = ThreadPool.processorCount + 1
    try await test.run(
      ":load emoji-clip as one", ":load emoji-clip as two dtype=q8", ":use one",
      ":set threads \(threads)",
      ":image \(TestSession.cat) as tom", ":log \(folder.file("log.gaze"))")
    let commands = try folder.text("log.gaze").split(separator: "\n").filter { $0.hasPrefix(":") }
    #expect(
      commands == [
        ":set threads \(threads)", ":load emoji-clip as one", ":load emoji-clip as two dtype=q8", ":use one",
        ":image \(TestSession.cat) as tom",
      ])
  }

  /// What a log does not repeat, its commands cannot look back to: neither the first time nor the
  /// second.
  @Test(arguments: [
    ([":rank cat | dog"], ":check top == cat"), ([":attn layer=1"], ":step layer=+1"),
    ([], ":check top == cat"), ([":embed cat-face"], ":show info"),
  ])
  func doesNotLookBackBehindItsBeginning(_ before: [String], _ line: String) async throws {
    let folder = try Scratch()
    let first = TestSession()
    try await first.run(":load emoji-clip", ":image \(TestSession.cat)", ":set threads 1")
    for line in before { try await first.run(line) }
    try await first.run(":log \(folder.file("old"))", line, ":media", ":log off")
    let second = TestSession()
    let log = ":log \(Launch.quoted(folder.file("new")))"
    _ = await second.exitCode(of: [.startUp(log), .script(folder.file("old"))])
    let (old, new) = (try folder.text("old"), try folder.text("new"))
    #expect(old == new)
  }

  @Test func namesAFolderThatIsNoFile() async throws {
    let folder = try Scratch()
    let failure = try #require(try await TestSession().run(":log \(folder.path)").failure)
    #expect(failure.code == "file.kind" && failure.message.contains("is a folder"))
  }

  @Test func overwritesOnlyWhatItMay() async throws {
    let folder = try Scratch()
    let there = try folder.write("there.txt", "precious")
    let test = TestSession()
    #expect(try await test.run(":log \(there)").failure?.code == "file.exists")
    #expect(try folder.text("there.txt") == "precious")
    #expect(try await test.run(":log \(there) force").failure == nil)
    // Not the log that is being written, under whatever name.
    #expect(try await test.run(":once \(folder.path)/./there.txt force").failure?.code == "file.script")
    // Nor does an export, which replaces files whole.
    try await test.run(":load emoji-clip", ":embed \"a cat\"")
    let log = folder.file("there.csv")
    #expect(try await test.run(":log \(log)").failure == nil)
    #expect(try await test.run(":export embedding \(folder.path)/./there.csv force").failure?.code == "file.script")
    #expect(try folder.text("there.csv").hasPrefix("# A log"))
    #expect(try await test.run(":export embedding \(log)").failure?.code == "file.script")
    _ = try folder.write("taken.csv", "precious")
    #expect(try await test.run(":export embedding \(folder.file("taken.csv"))").failure?.code == "file.exists")
    #expect(try folder.text("taken.csv") == "precious")
    #expect(try await test.run(":export embedding \(folder.file("taken.csv")) force").failure == nil)
    #expect(try folder.text("taken.csv").hasPrefix("index,value\n0,"))
    #expect(try await test.run(":log /nonexistent/log.gaze").failure?.code == "file.write")
    #expect(try await test.run(":log off", ":log off").failure?.code == "log.none")
    // Not the script that runs.
    let script = ":log \(folder.file("script.gaze")) force\n:print still here\n"
    _ = try await test.exitCode(ofScript: script, in: folder)
    #expect(test.records.suffix(3).map(\.verb) == ["log", "print", "source"])
    #expect(try folder.text("script.gaze") == script)
  }

  @Test func addsTimesWhenAsked() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(":log \(folder.file("log")) timing=on", ":media")
    #expect(try folder.text("log").contains("# no picture is staged\n# took "))
    try await test.run(":time on", ":media")
    #expect(test.transcript().errors.contains("took "))
  }

  @Test func aResultThatItsFileDoesNotTakeIsAFailure() async throws {
    let test = TestSession()
    let code = try await test.exitCode(
      ofScript: ":once /dev/full force\n:media", in: Scratch())
    #expect(code == 1)
    #expect(test.codes.contains("file.write"))
  }

  @Test func putsOneResultIntoAFile() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(
      ":once \(folder.file("once.txt"))", ":print a remark is no result", ":media", ":media")
    #expect(try folder.text("once.txt") == "no picture is staged\n")
    let output = test.transcript().output
    #expect(output.hasSuffix("written to \(folder.file("once.txt"))\nno picture is staged\n"))
    #expect(output.hasPrefix("a remark"))
  }
}
