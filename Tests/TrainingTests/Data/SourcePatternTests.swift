import Testing

@testable import Training

struct SourcePatternTests {
  private func matches(_ name: String, _ pattern: String) -> Bool {
    SourcePattern.matches(Array(name.unicodeScalars), Array(pattern.unicodeScalars))
  }

  @Test func bracesCount() throws {
    let expand = { try SourcePattern.expandingBraces($0, limit: 1000) }
    #expect(try expand("a-{008..011}.tar") == ["a-008.tar", "a-009.tar", "a-010.tar", "a-011.tar"])
    #expect(try expand("{a,b}/{1..2}") == ["a/1", "a/2", "b/1", "b/2"])
    #expect(try expand("{x}{2..1}{") == ["{x}{2..1}{"])
    #expect(refusal { _ = try expand("{0..9999999999}") }?.problem.contains("more than 1000") == true)
    #expect(refusal { _ = try expand("{0..99}{0..99}") }?.problem.contains("more than 1000") == true)
  }

  @Test func starsAndQuestionMarksMatchNames() {
    #expect(matches("train-001.tar", "train-*.tar"))
    #expect(matches("train-001.tar", "*-00?.tar"))
    #expect(matches("a.b.tar", "*.tar"))
    #expect(matches("고양이.tar", "고??.tar"))
    #expect(matches("", "**"))
    #expect(!matches("train-01.tar", "*-00?.tar"))
    #expect(!matches("a.tar.gz", "*.tar"))
    #expect(!matches(".hidden.tar", "*.tar"))
  }

  @Test func filesComeInOrderAndMustExist() throws {
    let folder = try DataFolder()
    for name in ["b.tsv", "a.tsv", "x*.tsv", "c.csv"] { try folder.write("x", to: name) }
    let names = { (pattern: String) in
      try SourcePattern(folder.path + "/" + pattern).files().map(FilePaths.name)
    }
    #expect(try names("?.tsv") == ["a.tsv", "b.tsv"])
    #expect(try names("x*.tsv") == ["x*.tsv"])
    #expect(try names("{b,d}.tsv") == ["b.tsv", "d.tsv"])
    #expect(refusal { _ = try folder.read("{b,d}.tsv") } != nil)
  }
}
