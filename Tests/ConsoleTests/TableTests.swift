@testable import Console
import Testing

@Suite struct TableTests {
  @Test func givesEveryNameOnce() {
    var names: [String] = []
    for command in CommandTable.commands {
      names += [command.signature.name] + command.signature.aliases
    }
    for later in CommandTable.laterVerbs { names += [later.name] + later.aliases }
    #expect(Set(names).count == names.count)
  }

  @Test func describesEveryVerb() throws {
    for command in CommandTable.commands {
      let signature = command.signature
      #expect(!signature.summary.isEmpty && !signature.summary.hasSuffix("."))
      #expect(!signature.examples.isEmpty, "\(signature.name)")
      for example in signature.examples {
        // An example is a line that a script may hold.
        guard case .command(let verb, let rest) = Statement(example, origin: .script) else {
          Issue.record("\(example) is no command")
          continue
        }
        let found = try CommandTable.find(verb, origin: .script, model: nil)
        #expect(found.signature.name == signature.name, "\(example)")
        let arguments = try Arguments(rest, for: found.signature)
        #expect(throws: Never.self, "\(example)") { _ = try found.init(arguments) }
      }
    }
  }

  @Test func abbreviatesAtThePromptOnly() throws {
    #expect(try CommandTable.find("att", origin: .prompt, model: nil).signature.name == "attn")
    // What can be done beats what cannot yet: `:shot`, `:undo`.
    #expect(try CommandTable.find("sho", origin: .prompt, model: nil).signature.name == "show")
    #expect(try CommandTable.find("un", origin: .prompt, model: nil).signature.name == "unload")
    #expect(try CommandTable.find("run", origin: .script, model: nil).signature.name == "source")
    // An exact name beats a prefix of another.
    #expect(try CommandTable.find("q", origin: .prompt, model: nil).signature.name == "quit")
    for (name, origin, code) in [
      ("att", Statement.Origin.script, "verb.unknown"), ("s", .prompt, "verb.ambiguous"),
      ("rnak", .prompt, "verb.unknown"), ("", .prompt, "verb.unknown"),
      ("ask", .script, "ability.missing"), ("occlude", .script, "ability.missing"),
      ("capt", .prompt, "ability.missing"), ("capt", .script, "verb.unknown"),
    ] {
      do throws(CommandFailure) {
        _ = try CommandTable.find(name, origin: origin, model: nil)
        Issue.record("\(name) was found")
      } catch {
        #expect(error.code == code)
      }
    }
  }

  /// A verb of a later family is known: to help, and as what a slip may have meant.
  @Test func knowsVerbsThatAreToCome() async throws {
    let test = TestSession()
    #expect(try await test.run(":drwa x").failure?.remedy == "did you mean :draw?")
    try await test.run(":help ask", ":check summary ~ /answer.a.prompt;.no.checkpoint/")
    #expect(test.codes.last == .some(nil))
  }

  @Test func namesTheNearestVerbs() {
    let verbs = ["rank", "reset", "load", "unload", "embed"]
    #expect(Suggestions.nearest(to: "rnak", among: verbs) == ["rank"])
    #expect(Suggestions.nearest(to: "LOAD", among: verbs).first == "load")
    #expect(Suggestions.nearest(to: "emb", among: verbs) == ["embed"])
    #expect(Suggestions.nearest(to: "xyzzy", among: verbs).isEmpty)
    #expect(Suggestions.editDistance(Array("ab"), Array("ba")) == 1)
    #expect(Suggestions.editDistance(Array("사과"), Array("사람")) == 1)
    #expect(Suggestions.editDistance([], Array("abc")) == 3)
  }

  @Test func namesMediaSafely() throws {
    let shelf = MediaShelf()
    #expect(shelf.freeName(for: "my cat (1)") == "my-cat--1-")
    #expect(shelf.freeName(for: "all") == "all-2")
    #expect(shelf.freeName(for: "") == "picture")
    #expect(shelf.freeName(for: "\u{1b}[31mred") == "--31mred")
    // Decomposed Korean names the same picture as composed.
    #expect(Array(shelf.freeName(for: "\u{1109}\u{1161}").unicodeScalars) == ["\u{c0ac}"])
  }
}
