import Checkpoints
import Yams

/// One value of a recipe, which knows where it stands.
///
/// What it is gets decided by who asks: `5` is a number to ``number(in:)`` and a name to
/// ``text(lines:)``. Quoted scalars are text alone.
struct RecipeNode {
  let file: String
  /// Its key below those of its sections: `data.augmentation.flip`; empty for the whole file.
  let path: String
  let line: Int
  let value: Node

  /// An error about this value.
  func error(_ problem: String, remedy: String? = nil) -> TrainingError {
    let place = path.isEmpty ? "" : "\(path.escaped): "
    return .recipe(file: file, line: line, problem: place + problem, remedy: remedy)
  }

  /// That the value is of another kind.
  func mismatch(_ expected: String) -> TrainingError {
    error("expected \(expected), found \(found)")
  }

  private var found: String {
    switch value {
    case .mapping: "keys with values"
    case .sequence: "a list"
    case .alias: "an alias"
    case .scalar(let scalar) where isEmpty(scalar): "nothing"
    case .scalar(let scalar): scalar.string.quoted
    }
  }

  // MARK: Structure

  var isList: Bool { if case .sequence = value { true } else { false } }
  var isScalar: Bool { if case .scalar = value { true } else { false } }

  /// The values of a list, at least one and at most `limit`.
  func elements(_ things: String, upTo limit: Int = 10_000) throws(TrainingError) -> [RecipeNode] {
    guard case .sequence(let sequence) = value else { throw mismatch("a list of \(things)") }
    try checkTag(sequence.tag)
    guard !sequence.isEmpty else { throw error("the list is empty; it must name \(things)") }
    guard sequence.count <= limit else {
      throw error("\(sequence.count) \(things), where at most \(limit) may be")
    }
    return sequence.enumerated().map { index, element in
      RecipeNode(
        file: file, path: "\(path)[\(index)]", line: element.mark?.line ?? line, value: element)
    }
  }

  /// What `read` makes of the keys and values here.
  ///
  /// - Throws: for a key that `read` did not ask for, after it is done; or what it throws.
  func section<Value>(
    _ read: (RecipeSection) throws(TrainingError) -> Value
  ) throws(TrainingError) -> Value {
    let section = try RecipeSection(self)
    let value = try read(section)
    try section.finish()
    return value
  }

  // MARK: Scalars

  /// The characters of a scalar that is there, and whether they stand without quotation marks.
  func scalar(_ expected: String) throws(TrainingError) -> (text: String, isPlain: Bool) {
    guard case .scalar(let scalar) = value, !isEmpty(scalar) else { throw mismatch(expected) }
    try checkTag(scalar.tag)
    return (scalar.string, scalar.style == .plain)
  }

  private func isEmpty(_ scalar: Node.Scalar) -> Bool {
    scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  /// Tags name types of other programs.
  func checkTag(_ tag: Tag) throws(TrainingError) {
    // Quoting alone makes the parser say that a scalar is text.
    guard ["", "tag:yaml.org,2002:str"].contains(tag.description) else {
      throw error("the tag \(tag.description.quoted) is not read", remedy: "take it out")
    }
  }
}

/// Keys and values of a recipe, while they are asked for.
///
/// Reads like the struct that it fills, and knows in the end which keys nobody asked for:
///
///     try node.section { section throws(TrainingError) in
///       try section.integer("width", &width, in: 1...1024)
///     }
final class RecipeSection {
  let node: RecipeNode
  private var members: [(key: String, node: RecipeNode)] = []
  /// In the order in which they are asked for, which is that of the documentation.
  private var asked: [String] = []

  init(_ node: RecipeNode) throws(TrainingError) {
    guard case .mapping(let mapping) = node.value else { throw node.mismatch("keys with values") }
    try node.checkTag(mapping.tag)
    self.node = node
    for (key, value) in mapping {
      let line = key.mark?.line ?? node.line
      guard case .scalar(let name) = key else {
        throw TrainingError.recipe(
          file: node.file, line: line, problem: "a key that is no name", remedy: nil)
      }
      let path = node.path.isEmpty ? name.string : "\(node.path).\(name.string)"
      members.append(
        (name.string, RecipeNode(file: node.file, path: path, line: line, value: value)))
    }
  }

  /// All keys with their values, in the order of the file, for sections whose keys are free.
  func allMembers() -> [(key: String, node: RecipeNode)] {
    asked += members.map(\.key)
    return members
  }

  func member(_ key: String) -> RecipeNode? {
    asked.append(key)
    return members.first { $0.key == key }?.node
  }

  /// The value of a key that must be there.
  ///
  /// - Throws: where a key like it was not asked for, an error about that one: it is misspelt.
  func required(_ key: String) throws(TrainingError) -> RecipeNode {
    if let member = member(key) { return member }
    let strangers = members.filter { !asked.contains($0.key) }
    if let near = NearestNames.of(key, among: strangers.map(\.key)).first,
      let stranger = strangers.first(where: { $0.key == near })
    {
      throw stranger.node.error("there is no such key", remedy: "did you mean \(key)?")
    }
    let place = node.path.isEmpty ? "" : " in \(node.path)"
    throw TrainingError.recipe(
      file: node.file, line: node.line, problem: "the key \(key) is missing\(place)",
      remedy: "add \(key): …")
  }

  /// An error where the last of these keys stands that the file has; else where the section begins.
  func error(at keys: [String], _ problem: String, remedy: String? = nil) -> TrainingError {
    let there = keys.compactMap { key in members.first { $0.key == key }?.node }
    return (there.last ?? node).error(problem, remedy: remedy)
  }

  func has(_ key: String) -> Bool { members.contains { $0.key == key } }

  /// - Throws: for the first key that nobody asked for.
  func finish() throws(TrainingError) {
    guard let stranger = members.first(where: { !asked.contains($0.key) }) else { return }
    let near = NearestNames.of(stranger.key, among: asked)
    let known = asked.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    throw stranger.node.error(
      "there is no such key",
      remedy: near.isEmpty
        ? "known here: " + known.joined(separator: ", ")
        : "did you mean " + near.joined(separator: " or ") + "?")
  }
}
