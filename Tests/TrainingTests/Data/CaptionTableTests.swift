import Foundation
import Testing

@testable import Training

struct CaptionTableTests {
  private let folder: DataFolder

  init() throws {
    folder = try DataFolder()
    try folder.writePictures(["a.png", "b.png", "고양이 🐈.png"])
  }

  private func listing(_ table: String, as name: String) throws -> [String] {
    try folder.write(table, to: name)
    return try folder.read(name).listing
  }

  @Test func tabsSeparateAndQuotesAreCharacters() throws {
    let table = "image\tcaption\na.png\tsaid \"hi\", \"\nb.png\t\"open\n고양이 🐈.png\t  고양이 \n"
    #expect(
      try listing(table, as: "t.tsv") == [
        "a.png = said \"hi\", \"", "b.png = \"open", "고양이 🐈.png = 고양이",
      ])
  }

  @Test func quotedFieldsHoldCommasQuotesAndLines() throws {
    let table = "path,text\na.png,\"one, \"\"two\"\"\nthree\"\n\"b.png\",plain\n"
    #expect(try listing(table, as: "t.csv") == ["a.png = one, \"two\"\nthree", "b.png = plain"])
  }

  @Test(arguments: ["t.csv", "t.tsv"])
  func carriageReturnsAndAByteOrderMarkAreNotText(name: String) throws {
    let separator = name.hasSuffix("csv") ? "," : "\t"
    let table = "\u{FEFF}image,caption\r\na.png,one\r\n\r\nb.png,two"
      .replacingOccurrences(of: ",", with: separator)
    #expect(try listing(table, as: name) == ["a.png = one", "b.png = two"])
  }

  /// A comma and what combines with it are one `Character`.
  @Test func charactersThatCombineWithACommaAreText() throws {
    let table = "image,caption\na.png,🏻\n\"b.png\",\u{0301}e\u{2028}x\n고양이 🐈.png,\"\u{FE0F}\"\n"
    #expect(
      try listing(table, as: "t.csv") == [
        "a.png = 🏻", "b.png = \u{0301}e\u{2028}x", "고양이 🐈.png = \u{FE0F}",
      ])
  }

  @Test func twoColumnsNeedNoHeader() throws {
    #expect(try listing("a.png\tone\nb.png\ttwo\n", as: "t.tsv") == ["a.png = one", "b.png = two"])
    #expect(try listing("a.png,one\n", as: "t.csv") == ["a.png = one"])
  }

  @Test func columnsAndRowsGiveLanguages() throws {
    let table = "File_Name,caption_en,text:ko,title-pt-BR,text_raw\na.png,cat,고양이,gato,no\n"
    #expect(try listing(table, as: "t.csv") == ["a.png = en:cat | ko:고양이 | pt-br:gato"])
    let rows = "image\tlang\tcaption\na.png\tEN\tcat\na.png\tko\t고양이\na.png\t\tgato\n"
    #expect(try listing(rows, as: "t.tsv") == ["a.png = en:cat | ko:고양이 | gato"])
  }

  @Test func equalGroupsAreOneNumber() throws {
    try folder.write("image,caption,concept\na.png,x,cat\nb.png,y,cat\n고양이 🐈.png,z,\n", to: "t.csv")
    let groups = try folder.read("t.csv").pictures.map(\.group)
    #expect(groups[0] == groups[1])
    #expect(groups[0] != groups[2])
  }

  /// The same file in two sources is no negative of itself.
  @Test func aFileIsOneGroup() throws {
    try folder.write("a.png,cat\nb.png,dog\n", to: "en.csv")
    try folder.write("a.png\t고양이\n", to: "ko.tsv")
    let pictures = try folder.read("en.csv", "ko.tsv").pictures
    #expect(pictures.map(\.group) == [0, 1, 0])
  }

  @Test func repeatsMultiplyEntries() throws {
    try folder.write("a.png,cat\nb.png,dog\n", to: "t.csv")
    #expect(try folder.read("t.csv", repeats: 3).entries == [0, 1, 0, 1, 0, 1])
  }

  @Test func brokenRowsCostNoOthers() throws {
    var bytes = Array("image,caption\na.png,one,two\n,three\nnone.png,four\nnone.png,five\n".utf8)
    bytes += Array("b.png,\"six\" seven\n".utf8) + Array("b.png,".utf8) + [0xFF, 0x0A]
    bytes += Array("b.png,good\na.png,  \n\"open\nb.png,after\n".utf8)
    try folder.write(bytes, to: "t.csv")
    let pictures = try folder.read("t.csv")
    #expect(pictures.listing == ["b.png = good | after"])
    let none = folder.path + "/none.png"
    #expect(
      pictures.problems == [
        "t.csv, line 2: the row has 3 fields and the table 2 columns",
        "t.csv, line 3: the row names no picture",
        "t.csv, line 4: \(none): cannot be opened: No such file or directory",
        "t.csv, line 6: a field has a quote in the wrong place",
        "t.csv, line 7: is not UTF-8 text",
        "t.csv, line 10: a quote is opened and never closed",
        "t.csv, line 9: \(folder.path)/a.png has no caption",
      ])
  }

  /// Lines are counted through quoted fields.
  @Test func placesAreLinesOfTheFile() throws {
    try folder.write("image,caption\na.png,\"1\n2\n3\"\nb.png,x,y\n", to: "t.csv")
    #expect(
      try folder.read("t.csv").problems == ["t.csv, line 5: the row has 3 fields and the table 2 columns"])
  }

  @Test func longCaptionsAreLeftOut() throws {
    let long = String(repeating: "x", count: CaptionedPictures.maximumCaptionBytes + 1)
    try folder.write("image,caption,title\na.png,\(long),short\n", to: "t.csv")
    let pictures = try folder.read("t.csv")
    #expect(pictures.listing == ["a.png = short"])
    #expect(pictures.problems == ["t.csv, line 2: a caption of 65537 bytes is longer than 65536"])
  }

  @Test func captionsOfOnePictureAreLimited() throws {
    let captions = (0..<1030).map { "\"c\($0)\"" }.joined(separator: ",")
    try folder.write("{\"image\": \"a.png\", \"captions\": [\(captions)]}\n", to: "t.jsonl")
    let pictures = try folder.read("t.jsonl")
    #expect(pictures.pictures[0].captions.map(\.text) == (0..<1024).map { "c\($0)" })
    #expect(pictures.skipped.map(\.problem) == ["\(folder.path)/a.png has more than 1024 captions"])
  }

  @Test func picturesWithoutADrawnLanguageAreLeftOut() throws {
    try folder.write("image,caption_en,caption_ko\na.png,cat,\nb.png,dog,개\n", to: "t.csv")
    let pictures = try folder.read("t.csv", drawing: CaptionChoice(languages: ["ko": 1]))
    #expect(pictures.listing == ["b.png = en:dog | ko:개"])
    #expect(pictures.skipped.count == 1)
  }

  @Test func unusableSourcesSayWhatToDo() throws {
    try folder.write("image,kind\na.png,cat\n", to: "kind.csv")
    try folder.write("name,words\na.png,cat\n", to: "words.csv")
    try folder.write("image,caption\nx.png,cat\n", to: "missing.csv")
    try folder.write("", to: "empty.tsv")
    try folder.write("x", to: "notes.doc")
    let cases: [(source: String, problem: String, remedy: String)] = [
      ("none.tsv", "there is no such file or folder", "relative ones start from the recipe's folder"),
      ("kind.csv", "has the picture in \"image\", but no column with captions", "caption_en"),
      ("words.csv", "the first row (name, words) does not say which column", "file_name"),
      ("missing.csv", "no picture with a caption can be used; the first of 1 problems", "lie where"),
      ("empty.tsv", "the table is empty", "a row for each picture"),
      ("notes.doc", "is no kind of source that is known", ".jsonl"),
      ("x*.tar", "has a name like x*.tar", "any characters"),
    ]
    for (source, problem, remedy) in cases {
      let refused = try #require(refusal { _ = try folder.read(source) }, "\(source)")
      #expect(refused.problem.hasPrefix(folder.path + "/" + source), "\(refused)")
      #expect(refused.problem.contains(problem), "\(refused)")
      #expect(refused.remedy?.contains(remedy) == true, "\(refused)")
    }
    #expect(refusal { _ = try folder.read() }?.remedy?.contains("data.sources") == true)
  }

  @Test func linesOfJSONTakeEveryForm() throws {
    let lines = """
      {"image": "a.png", "caption": "one", "group": 7}

      {"file_name": "b.png", "captions": ["two", "three"], "lang": "en"}
      {"path": "고양이 🐈.png", "captions": {"ko": "고양이", "en": ["cat", "kitty"]}, "text_fr": "chat"}
      {"filepath": "a.png", "title": "four", "group": 7}

      """
    #expect(
      try listing(lines, as: "t.jsonl") == [
        "a.png = one | four", "b.png = en:two | en:three",
        "고양이 🐈.png = ko:고양이 | en:cat | en:kitty | fr:chat",
      ])
  }

  @Test func brokenLinesOfJSONCostNoOthers() throws {
    let lines = "{\"image\": \n[1]\n{\"caption\": \"x\"}\n{\"image\": 1.5}\n"
      + "{\"image\": \"a.png\", \"caption\": [\"y\", 3]}\n{\"image\": \"a.png\", \"caption\": \"z\"}"
    try folder.write(lines, to: "t.jsonl")
    let pictures = try folder.read("t.jsonl")
    #expect(pictures.listing == ["a.png = z"])
    #expect(pictures.skipped.map { FilePaths.name(of: $0.path) } == (1...5).map { "t.jsonl, line \($0)" })
    #expect(pictures.skipped[2].problem == "names no picture under image, file_name, path, filepath")
  }
}
