/// What completion may offer, as of the last status: a value, so that a front end can ask on
/// its own thread.
package struct CompletionContext: Sendable, Equatable {
  package var media: [String] = []
  package var aliases: [String] = []
  /// Bundled and cached checkpoints.
  package var checkpoints: [String] = []

  package init() {}
}

/// One way to go on with a line.
package struct Candidate: Sendable, Equatable {
  /// What is replaced, in UTF-8 offsets of the line.
  package let range: Range<Int>
  package let replacement: String
  /// A few words beside it.
  package let note: String
}

/// Completes the word before the cursor: verbs, then what the verb's signature says of it.
package struct CommandCompleter: Sendable {
  private let context: CompletionContext

  package init(_ context: CompletionContext) { self.context = context }

  /// - Parameter cursor: UTF-8 offset in `text`.
  package func candidates(for text: String, at cursor: Int) -> [Candidate] {
    let head = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    let start = CommandCompleter.wordStart(in: head)
    let word = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    let range = start..<head.utf8.count
    if start == 0, let mark = word.first, ":/".contains(mark) {
      return verbs(after: String(word.dropFirst())).map {
        Candidate(range: range, replacement: "\(mark)\($0.name) ", note: $0.summary)
      }
    }
    guard case .command(let verb, let rest) = Statement(head, origin: .prompt),
      let command = try? CommandTable.find(verb, origin: .prompt, model: nil)
    else { return [] }
    return arguments(of: command.signature, word: word, before: rest, range: range)
  }

  private func verbs(after prefix: String) -> [Signature] {
    CommandTable.commands.map { $0.signature }.filter { signature in
      signature.name.hasPrefix(prefix)
        || (!prefix.isEmpty && signature.aliases.contains { $0.hasPrefix(prefix) })
    }.sorted { $0.name < $1.name }
  }

  private func arguments(
    of signature: Signature, word: String, before rest: String, range: Range<Int>
  ) -> [Candidate] {
    if let equals = word.firstIndex(of: "=") {
      let key = String(word[..<equals])
      guard let option = signature.options.first(where: { $0.name == key }) else { return [] }
      let value = String(word[word.index(after: equals)...])
      return values(option.completion, prefix: value, after: nil).map {
        Candidate(range: range, replacement: "\(key)=\($0.text)", note: $0.note)
      }
    }
    let words = CommandCompleter.words(of: rest).dropLast(word.isEmpty ? 0 : 1)
    let place = words.count
    let positionals = signature.positionals
    let positional = place < positionals.count
      ? positionals[place] : positionals.last.flatMap { $0.repeats ? $0 : nil }
    var found = values(positional?.completion ?? .nothing, prefix: word, after: words.last).map {
      Candidate(range: range, replacement: $0.text, note: $0.note)
    }
    found += signature.options.filter { $0.name.hasPrefix(word) && !word.isEmpty }.map {
      Candidate(range: range, replacement: $0.name + "=", note: $0.summary)
    }
    found += signature.flags.filter { $0.name.hasPrefix(word) && !word.isEmpty }.map {
      Candidate(range: range, replacement: $0.name + " ", note: $0.summary)
    }
    return found
  }

  /// - Parameter before: the word that stands before it.
  private func values(
    _ completer: Completer, prefix: String, after before: String?
  ) -> [(text: String, note: String)] {
    switch completer {
    case .nothing: []
    case .path: PathCompletion.paths(for: prefix)
    case .files(let endings): PathCompletion.paths(for: prefix, endings: endings)
    case .choices(let names): matching(names, prefix)
    case .textsOrFile:
      prefix.hasPrefix("@")
        ? PathCompletion.paths(for: String(prefix.dropFirst())).map { ("@" + $0.text, $0.note) } : []
    case .query:
      before == "in"
        ? PathCompletion.paths(for: prefix)
        : context.media.map { "{\($0)}" }.filter { !prefix.isEmpty && $0.hasPrefix(prefix) }
          .map { ($0, "") }
    case .mediaNames: matching(context.media, prefix)
    case .aliases: matching(context.aliases, prefix)
    case .modelNames:
      matching(context.checkpoints, prefix) + PathCompletion.paths(for: prefix)
    case .verbs: matching(CommandTable.commands.map { $0.signature.name }, prefix)
    case .settings:
      SettingDescription.all.filter { $0.name.hasPrefix(prefix) }
        .map { ($0.name + " ", $0.summary) }
    case .settingValues:
      SettingDescription.all.first { $0.name == before }
        .map { values($0.completion, prefix: prefix, after: nil) } ?? []
    }
  }

  private func matching(_ names: [String], _ prefix: String) -> [(text: String, note: String)] {
    names.filter { $0.hasPrefix(prefix) }.map { (CommandCompleter.quotedIfNeeded($0), "") }
  }

  static func quotedIfNeeded(_ text: String) -> String {
    let isPlain = !text.isEmpty && text != "--"
      && !text.contains { $0.isWhitespace || "\"|=*?[".contains($0) }
    return isPlain ? text : Launch.quoted(text)
  }

  /// Words so far; a quote that is still open is closed for that.
  private static func words(of rest: String) -> [String] {
    ((try? Lexer.words(of: rest)) ?? (try? Lexer.words(of: rest + "\"")) ?? []).map(\.text)
  }

  /// Where the word that ends the text begins, a quote that is still open included.
  private static func wordStart(in text: String) -> Int {
    var start = 0
    var offset = 0
    var isQuoted = false
    for byte in text.utf8 {
      offset += 1
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "|"), !isQuoted { start = offset }
    }
    return start
  }
}
