import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct HostileRecipeTests {
  @Test(arguments: [
    ("", nil, "the file is empty"),
    ("# nothing but a remark\n", nil, "the file is empty"),
    ("name: a\n\tdata: b\n", 2, "found a tab character that violates indentation"),
    ("data:\n\tsources: b\n", 2, "found character that cannot start any token"),
    ("name: a\nname: b\n", 1, "'name' stands twice in one section"),
    ("name: [a\n", 2, "not valid YAML"),
    ("name: \"a\n", 2, "not valid YAML"),
    ("name: a: b\n", 1, "mapping values are not allowed in this context"),
    ("name: a\n---\nname: b\n", 2, "but found another document"),
    ("name: *all\n", 1, "found undefined alias"),
    ("name: *.tsv\n", 1, "did not find expected alphabetic or numeric character"),
    ("name: &all x\nseed: *all\n", nil, "the anchor &all is used as *all"),
    ("name: !ruby/object:Gem x\n", 1, "name: the tag '!ruby/object:Gem' is not read"),
    ("name: !!binary aGk=\n", 1, "name: the tag 'tag:yaml.org,2002:binary' is not read"),
    ("!!set {name: x}\n", 1, "the tag 'tag:yaml.org,2002:set' is not read"),
    ("? [a, b]\n: c\n", 1, "a key that is no name"),
    ("? {a: b}\n: c\n", 1, "a key that is no name"),
    ("%YAML 9.9\n---\nname: x\n", 1, "not valid YAML"),
    ("name: x\u{0}y\n", 1, "control characters are not allowed"),
    ("name: x\n\nseed: \u{7}\n", 3, "control characters are not allowed"),
    ("\u{1b}[2J: 1\n", 1, "control characters are not allowed"),
  ] as [(String, Int?, String)])
  func isRefused(_ text: String, _ line: Int?, _ problem: String) {
    let found = refusal(text)
    #expect(found.problem.contains(problem), "\(found)")
    #expect(found.line == line)
  }

  @Test(arguments: [
    ("<<: {name: x}", "<<: there is no such key"),
    ("\"\\e[2J\": 1", "\\u{1b}[2J: there is no such key"),
  ])
  func keysThatAreNoneAreRefused(_ line: String, _ problem: String) {
    let found = refusal(shortRecipe + line)
    #expect(found.problem == problem)
    #expect(found.line == 6)
  }

  @Test func saysWhatToDoAboutYAML() {
    #expect(refusal("name: *.tsv\n").remedy == "quote what begins with * or &")
    #expect(refusal("name: a\n\tdata: b\n").remedy?.contains("indent with blanks") == true)
  }

  /// What looks like an anchor and an alias of other names is neither.
  @Test func takesAmpersandsAndAsterisksInTexts() throws {
    let text = shortRecipe.replacing("[pairs.tsv]", with: "['emoji*v2.tsv', R&D/x.tsv, '*.tar']")
    #expect(try recipe(text).data.sources.map(\.path) == ["emoji*v2.tsv", "R&D/x.tsv", "*.tar"])
  }

  /// Ten lines that stand for more nodes than any memory holds, as values and as keys.
  @Test(.timeLimit(.minutes(1)), arguments: ["", "? "])
  func refusesBillionsOfLaughs(_ key: String) {
    var text = "a0: &a0 [x, x]\n"
    for level in 1..<40 {
      let alias = "*a\(level - 1)"
      text += "\(key)a\(level): &a\(level) [\(alias), \(alias)]\n"
    }
    text += "? *a39\n: x\n"
    #expect(refusal(text).problem.hasPrefix("the anchor &a0 is used as *a0"))
  }

  /// What is nested ends in an error, on the stack of a secondary thread too.
  @Test(.timeLimit(.minutes(1)), arguments: [10, 100, 999, 1000, 20_000])
  func refusesDepth(_ depth: Int) {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("a: [", "]")] {
      let text = String(repeating: open, count: depth) + "x" + String(repeating: close, count: depth)
      let found = refusal("name: x\ndata:\n \(text)\n")
      #expect(found.problem != "it was read", "\(open)")
      #expect(!found.problem.hasPrefix("another error"), "\(open): \(found.problem)")
    }
  }

  @Test(.timeLimit(.minutes(1))) func refusesLength() throws {
    let long = shortRecipe + String(repeating: "# long\n", count: 2_000_000)
    #expect(refusal(long).problem.hasSuffix("bytes, where a recipe has at most 262144"))
    let wide = (0..<20_000).map { "key\($0): 1\n" }.joined()
    let found = refusal(shortRecipe + wide)
    #expect(found.line == 6)
    #expect(found.problem == "key0: there is no such key")
    let listed = (0..<10_001).map { "s\($0)" }.joined(separator: ",")
    #expect(
      refusal(shortRecipe.replacing("pairs.tsv", with: listed)).problem
        == "data.sources: 10001 sources, where at most 10000 may be")
  }

  @Test func refusesWhatIsNotUTF8() {
    let found = refusal(bytes: Array("name: x\nseed: ".utf8) + [0xFF, 0x0A])
    #expect(found == (2, "the text is not UTF-8", "save the file as UTF-8"))
    let wide = refusal(bytes: Array(shortRecipe.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }))
    #expect(wide.problem.hasPrefix("not valid YAML: control characters are not allowed"))
  }

  @Test func refusesWhatIsNoFile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gaze-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func problem(_ path: String) -> String {
      do {
        _ = try RecipeFile(path: path)
        return "it was read"
      } catch {
        return "\(error)".replacing(folder.path, with: "FOLDER")
      }
    }
    let fifo = folder.appending(path: "fifo").path
    try #require(mkfifo(fifo, 0o600) == 0)
    #expect(problem(folder.path) == "FOLDER: is a folder, not a recipe")
    #expect(problem(fifo) == "FOLDER/fifo: is a FIFO, not a recipe")
    #expect(
      problem(folder.appending(path: "none.yaml").path)
        == "FOLDER/none.yaml: cannot open: No such file or directory")
    let file = folder.appending(path: "recipe.yaml")
    try Data().write(to: file)
    #expect(problem(file.path) == "FOLDER/recipe.yaml: the file is empty")
    try Data(shortRecipe.utf8).write(to: file)
    #expect(try RecipeFile(path: file.path).text == shortRecipe)
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: 10 << 20)
    #expect(problem(file.path).hasSuffix("10485760 bytes, where a recipe has at most 262144"))
  }

  /// Whatever is done to a recipe, it is read or refused.
  @Test func survivesMutations() {
    var random = TestSupport.SplitMix(seed: 5)
    let pieces = ["&a ", "*a", "!!x ", "{", "[", "]", "}", "- ", "? ", ": ", "\n", "\t", "'", "\"",
      "|", ">", "%", "#", "---\n", "...", "~", "\u{FEFF}", "\\x", ",", "<<: ", "9e999"]
    var refused = 0
    let count = Mutations.count(1500)
    for _ in 0..<count {
      var bytes = Array(fullRecipe.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<min(place + 5, bytes.count))
        case 2: bytes.removeSubrange(place...)
        default:
          bytes.insert(contentsOf: Array(pieces.randomElement(using: &random)!.utf8), at: place)
        }
        if bytes.isEmpty { bytes = [0x0A] }
      }
      let found = refusal(bytes: bytes)
      #expect(!found.problem.hasPrefix("another error"), "\(found)")
      if found.problem != "it was read" { refused += 1 }
    }
    #expect(refused > count / 3)
  }
}
