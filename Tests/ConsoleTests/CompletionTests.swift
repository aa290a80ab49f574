@testable import Console
import Testing

@Suite struct CompletionTests {
  private func completions(_ line: String, media: [String] = []) -> [String] {
    var context = CompletionContext()
    context.media = media
    return CommandCompleter(context).candidates(for: line, at: line.utf8.count).map(\.replacement)
  }

  @Test func completesFilesOfLabels() throws {
    let folder = try Scratch()
    for name in ["labels.txt", "list of names.txt"] { _ = try folder.write(name, "") }
    #expect(completions(":rank @\(folder.path)/la") == ["@\(folder.path)/labels.txt"])
    #expect(completions(":rank a | @\(folder.path)/la") == ["@\(folder.path)/labels.txt"])
    #expect(completions(":rank @\(folder.path)/li") == ["@\"\(folder.path)/list of names.txt\""])
    #expect(
      completions(":rank a template=@\(folder.path)/la") == ["template=@\(folder.path)/labels.txt"])
    #expect(completions(":rank la").isEmpty)
  }

  @Test func completesNamesOfPictures() throws {
    let media = ["cat-face", "cat-toy", "dog"]
    #expect(completions(":embed cat", media: media) == ["cat-face", "cat-toy"])
    #expect(completions(":search a + {ca", media: media) == ["{cat-face}", "{cat-toy}"])
    let folder = try Scratch()
    _ = try folder.write("x", "")
    #expect(completions(":search a in \(folder.path)/") == ["\(folder.path)/x"])
    #expect(completions(":search a \(folder.path)/").isEmpty)
  }

  @Test func completesTheValuesOfASetting() {
    #expect(completions(":set precision f") == ["file", "f32"])
    #expect(completions(":set renderer ") == ["auto", "ascii", "blocks", "symbols"])
    #expect(completions(":set threads ").isEmpty)
    #expect(completions(":set pre") == ["precision "])
    #expect(completions(":load emoji-clip dtype=q") == ["dtype=q8", "dtype=q4"])
  }
}
