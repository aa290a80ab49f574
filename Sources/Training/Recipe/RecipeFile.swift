import Checkpoints
import Yams

/// A recipe as it lies on the disk: its text, which a model card repeats, and what it says.
///
///     let recipe = try RecipeFile(path: "emoji.yaml").recipe
package struct RecipeFile: Sendable {
  /// What errors call it, and whose folder relative paths start from.
  package let path: String
  package let text: String
  package let recipe: Recipe

  /// Bytes beyond which no file is taken for a recipe.
  package static let byteLimit = 256 << 10

  /// - Throws: ``TrainingError/recipe(file:line:problem:remedy:)`` for the first thing that is
  ///   wrong. Nothing that the recipe names is looked at.
  package init(path: String) throws(TrainingError) {
    try self.init(path: path, bytes: try RecipeFile.bytes(of: path))
  }

  /// A recipe whose bytes are at hand.
  package init(path: String, bytes: [UInt8]) throws(TrainingError) {
    guard bytes.count <= RecipeFile.byteLimit else { throw RecipeFile.tooLong(path, bytes.count) }
    let text = try RecipeFile.text(path, bytes)
    self.path = path
    self.text = text
    recipe = try Recipe(try RecipeFile.root(path, text))
  }

  /// Where a path in the recipe leads: relative ones start from the recipe's folder.
  package func located(_ other: String) -> String {
    guard path.utf8.contains(UInt8(ascii: "/")) else { return other }
    return FilePaths.absolute(other, relativeTo: FilePaths.folder(of: path))
  }

  // MARK: From bytes to nodes

  private static func bytes(of path: String) throws(TrainingError) -> [UInt8] {
    let file: MappedFile
    do throws(CheckpointError) {
      file = try MappedFile(path: path)
    } catch {
      switch error {
      case .empty: return []
      case .notARegularFile(_, let kind):
        throw refused(path, nil, "is \(kind), not a recipe", remedy: "name a YAML file")
      case .cannotRead(_, let operation, let reason):
        throw refused(path, nil, "cannot \(operation): \(reason)", remedy: nil)
      default: throw .checkpoint(error)
      }
    }
    guard file.byteCount <= byteLimit else { throw tooLong(path, file.byteCount) }
    return Array(file.bytes)
  }

  private static func tooLong(_ path: String, _ count: Int) -> TrainingError {
    refused(
      path, nil, "\(count) bytes, where a recipe has at most \(byteLimit)",
      remedy: "name the file of a recipe; data belongs into files that it names")
  }

  private static func text(_ path: String, _ bytes: [UInt8]) throws(TrainingError) -> String {
    // What some editors begin a file with, and the parser does not take.
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    if let text = String(validating: text, as: UTF8.self) { return text }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let broken = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
    throw refused(
      path, broken.map { $0 + 1 }, "the text is not UTF-8", remedy: "save the file as UTF-8")
  }

  private static func root(_ path: String, _ text: String) throws(TrainingError) -> RecipeNode {
    if let name = aliasedName(in: Array(text.utf8)) {
      throw refused(
        path, nil, "the anchor &\(name) is used as *\(name), and a recipe has no aliases",
        remedy: "write the value out at both places")
    }
    let node: Node?
    do {
      // Without rules for types: what a scalar means follows from its key, so that a language `no`
      // is not the value false.
      node = try Yams.compose(yaml: text, .basic, .default, .utf8)
    } catch {
      throw RecipeFile.refusal(of: error, path)
    }
    guard let node else {
      throw refused(
        path, nil, "the file is empty", remedy: "a recipe says at least name, data and output")
    }
    return RecipeNode(file: path, path: "", line: 1, value: node)
  }

  /// A name that stands both behind `&` and behind `*`, wherever in the text: what no file without
  /// aliases is likely to have.
  ///
  /// Looked for before parsing: aliases of aliases make a text of a few lines a tree of any size,
  /// and the parser compares keys, which may be such trees.
  private static func aliasedName(in text: [UInt8]) -> String? {
    var names: [UInt8: Set<ArraySlice<UInt8>>] = [:]
    for mark in [UInt8(ascii: "&"), UInt8(ascii: "*")] {
      for place in text.indices where text[place] == mark {
        let name = text[(place + 1)...].prefix { byte in
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        if !name.isEmpty { names[mark, default: []].insert(name) }
      }
    }
    let both = names[UInt8(ascii: "&")]?.intersection(names[UInt8(ascii: "*")] ?? [])
    return both?.map { String(decoding: $0, as: UTF8.self) }.min()
  }

  private static func refused(
    _ path: String, _ line: Int?, _ problem: String, remedy: String?
  ) -> TrainingError {
    .recipe(file: path, line: line, problem: problem, remedy: remedy)
  }
}

// MARK: What the parser says

extension RecipeFile {
  private static func refusal(of error: any Error, _ path: String) -> TrainingError {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let text = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
      return refused(path, mark.line, "not valid YAML: \(text)", remedy: remedy(for: problem))
    case .reader(let problem, let offset, _, let text):
      let line = offset.map { text.utf8.prefix($0).count { $0 == 0x0A } + 1 }
      return refused(
        path, line, "not valid YAML: \(problem)", remedy: "take out what is no text")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map(\.quoted).joined(separator: ", ")
      return refused(
        path, context.mark.line, "\(names) stands twice in one section, first here",
        remedy: "keep one of them")
    default:
      return refused(path, nil, "not valid YAML: \(error)".escaped, remedy: nil)
    }
  }

  private static func remedy(for problem: String) -> String? {
    switch problem {
    case "found character that cannot start any token",
      "found a tab character that violates indentation":
      "indent with blanks, not tabs, and quote what begins with @, ` or %"
    case "found undefined alias", "did not find expected alphabetic or numeric character":
      "quote what begins with * or &"
    case "mapping values are not allowed in this context":
      "quote what holds a colon and a blank, and indent sections evenly"
    case "but found another document":
      "a recipe is one document: take out the line ---"
    default: nil
    }
  }
}
