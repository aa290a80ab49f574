@testable import Console
import Foundation
import Testing

/// Real records of every verb, held against the schema that `docs` publishes.
@Suite struct RecordTests {
  private static let options = {
    var options = Session.Options()
    options.format = .json
    return options
  }()

  /// What says which command a line is about.
  private struct Head: Decodable, Equatable {
    let seq: Int
    let verb: String
    let source: Source?
    var partial: Bool?
  }

  @Test func everyVerbsRecordsFollowTheSchema() async throws {
    let folder = try Scratch()
    let script = try folder.write("inner.gaze", ":print inner\n:nope\n")
    let test = TestSession(RecordTests.options)
    try await test.run(
      ":load", ":load emoji-clip as e", ":load emoji-clip", ":use e", ":unload",
      ":image \(TestSession.apple) \(TestSession.cat)", ":media", ":preview",
      ":once \(folder.file("diverted"))", ":media",
      ":preview as-model", ":rank red apple | cat face", ":export scores \(folder.file("s.csv"))",
      ":use emoji-clip", ":rank a | b on=cat-face", ":check top ~ /./", ":check labels == 2",
      ":search cat in \(TestSession.root.path)/examples/pictures", ":plan a cat | a dog",
      ":embed", ":embed \"a text\"", ":attn", ":attn method=relevance text=cat",
      ":attn tower=text text=\"a cat\" layer=0 head=max", ":step layer=-1", ":step end",
      ":inspect emoji-clip", ":set", ":set threads 1", ":show", ":show media", ":show settings",
      ":print text", ":source \(script)", ":echo off", ":time off", ":bench kernels quick", ":mode json", ":layout auto",
      ":focus", ":help", ":help rank", ":apropos picture", ":log \(folder.file("log"))", ":log",
      ":log off", ":once \(folder.file("once"))", ":drop cat-face", ":clear", ":reset",
      ":use nothing", ":rank", "text", ":quit 3")
    try await test.run("!echo shell", origin: .prompt)
    let schema = try object(RecordSchema.json())
    var (seen, seenOnTheWay) = (Set<String>(), Set<String>())
    for text in text(of: test.events + HandmadeRun.events) {
      let line = try #require(try object(text) as? [String: Any])
      let problems = Validator(root: schema).problems(line, schema, "record")
      let verb = try #require(line["verb"] as? String)
      #expect(problems.isEmpty, "\(verb): \(problems)")
      if line["ok"] as? Bool == true { seen.insert(verb) }
      if line["partial"] != nil { seenOnTheWay.insert(verb) }
    }
    let missing = Set(CommandTable.commands.map { $0.signature.name }).subtracting(seen)
    #expect(missing.isEmpty, "no successful record of \(missing)")
    #expect(seenOnTheWay == ["bench", "image", "rank", "search", "train"])
  }

  /// Whatever stands inside what: the next whole record is that of the command.
  @Test func partialRecordsAreThoseOfTheInnermostCommand() async throws {
    let folder = try Scratch()
    let pictures = "\(TestSession.apple) \(TestSession.cat)"
    let inner = try folder.write("inner.gaze", ":print a\n:image \(pictures)\n")
    let outer = try folder.write("outer.gaze", ":print b\n:source \(inner)\n:rank a | b\n")
    let test = TestSession(RecordTests.options)
    try await test.run(
      ":load emoji-clip", ":source \(outer)", ":once \(folder.file("ranking"))", ":rank c | d")
    let lines = try text(of: test.events).map {
      try JSONDecoder().decode(Head.self, from: Data($0.utf8))
    }
    let indices = lines.indices.filter { lines[$0].partial == true }
    for index in indices {
      var whole = try #require(lines[index...].first { $0.partial == nil })
      whole.partial = true
      #expect(lines[index] == whole)
    }
    // The last result goes to a file; what is said on the way is none.
    let seen = Set(indices.map { "\(lines[$0].verb) \(lines[$0].seq)" })
    #expect(seen == ["image 4", "rank 6", "rank 9"])
    let diverted = try folder.text("ranking")
    #expect(diverted.contains("cosine") && !diverted.contains("partial"), "\(diverted)")
  }

  @Test func saysNothingOnTheWayUnlessAsked() async throws {
    let test = TestSession()
    try await test.run(
      ":image \(TestSession.apple) \(TestSession.cat)", ":mode json",
      ":image \(TestSession.apple) \(TestSession.cat)")
    // From `:mode json` on there is somebody to read it.
    let text = (plain: test.transcript(), streamed: test.transcript(isStreaming: true))
    let lines = text.streamed.output.split(separator: "\n").map { String($0) }
    let added = [0, 1].map {
      #"{"data":{"completed":\#($0),"stage":"decoding","total":2},"partial":true,"schema":1,"#
        + #""seq":3,"verb":"image"}"#
    }
    #expect(lines.filter { $0.contains("partial") } == added)
    #expect(
      lines.filter { !added.contains($0) }.map { $0 + "\n" }.joined() == text.plain.output)
    #expect(text.streamed.errors == text.plain.errors)
  }

  @Test func stepsOfTrainingAreToldInFull() throws {
    let steps = text(of: HandmadeRun.events).filter { $0.contains("partial") }
    try #require(steps.count == 3)
    for (step, line) in zip([199, 200, 201], steps) {
      #expect(line.contains("\"step\":\(step),"))
      #expect(line.contains("heldOut") == (step == 200))
    }
    #expect(steps[0].contains("\"loss\":\(HandmadeRun.report(199).loss),"))
    #expect(steps[2].contains(#""gradientNorm":"inf""#) && steps[2].contains(#""loss":"nan""#))
  }

  @Test func theSchemaRefusesWhatIsNoRecord() throws {
    let schema = try object(RecordSchema.json())
    let stage = #"{"stage":"","completed":1,"total":2}"#
    for wrong in [
      #"{}"#, #"{"schema":2,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[],"data":{"text":""}}"#,
      #"{"schema":1,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[],"data":{"texts":""}}"#,
      #"{"schema":1,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[]}"#,
      #"{"schema":1,"seq":1,"verb":"rank","partial":true}"#,
      #"{"schema":1,"seq":1,"verb":"rank","partial":true,"ok":true,"data":\#(stage)}"#,
      #"{"schema":1,"seq":1,"verb":"train","partial":true,"data":\#(stage)}"#,
    ] {
      #expect(!Validator(root: schema).problems(try object(wrong), schema, "record").isEmpty)
    }
  }

  @Test func spellsNumbersThatJSONHasNot() throws {
    struct Odd: CommandResult {
      let values: [Float] = [.infinity, -.infinity, .nan]
      var report: Report { Report() }
    }
    #expect(
      try JSONRecord.text(of: Odd()) == #"{"values":["inf","-inf","nan"]}"# + "\n")
  }

  private func object(_ text: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  /// What `--json --stream` writes of events, line by line.
  private func text(of events: [Event]) -> [String] {
    TestSession.transcript(of: events, format: .json, isStreaming: true).output
      .split(separator: "\n").map { String($0) }
  }
}

/// As much of JSON Schema as the published one uses.
struct Validator {
  let root: Any

  func problems(_ value: Any, _ schema: Any, _ path: String) -> [String] {
    guard let schema = schema as? [String: Any] else { return ["\(path): the schema is no object"] }
    var found: [String] = []
    if let reference = schema["$ref"] as? String {
      let target = reference.split(separator: "/").dropFirst().reduce(root as Any?) {
        ($0 as? [String: Any])?[String($1)]
      }
      guard let target else { return ["\(path): \(reference) leads nowhere"] }
      found += problems(value, target, path)
    }
    if let type = schema["type"] as? String, !has(value, type) { found.append("\(path): no \(type)") }
    if let constant = schema["const"], "\(constant)" != "\(value)" {
      found.append("\(path): not \(constant)")
    }
    if let choices = schema["enum"] as? [String], !choices.contains(value as? String ?? "") {
      found.append("\(path): none of \(choices)")
    }
    if let items = schema["items"], let elements = value as? [Any] {
      found += elements.enumerated().flatMap { problems($1, items, "\(path).\($0)") }
    }
    if let choices = schema["anyOf"] as? [Any],
      !choices.contains(where: { problems(value, $0, path).isEmpty })
    {
      found.append("\(path): nothing of anyOf")
    }
    if let choices = schema["oneOf"] as? [Any],
      choices.count(where: { problems(value, $0, path).isEmpty }) != 1
    {
      found.append("\(path): not exactly one of oneOf")
    }
    for rule in schema["allOf"] as? [Any] ?? [] { found += problems(value, rule, path) }
    if let condition = schema["if"] {
      let branch = schema[problems(value, condition, path).isEmpty ? "then" : "else"]
      found += branch.map { problems(value, $0, path) } ?? []
    }
    return found + membersProblems(value, schema, path)
  }

  private func membersProblems(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    guard let members = value as? [String: Any] else { return [] }
    let properties = schema["properties"] as? [String: Any] ?? [:]
    var found = (schema["required"] as? [String] ?? []).filter { members[$0] == nil }
      .map { "\(path): without \($0)" }
    for (key, member) in members {
      if let property = properties[key] {
        found += problems(member, property, "\(path).\(key)")
      } else if schema["additionalProperties"] as? Bool == false {
        found.append("\(path): unknown \(key)")
      } else if let other = schema["additionalProperties"] as? [String: Any] {
        found += problems(member, other, "\(path).\(key)")
      }
    }
    return found
  }

  private func has(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": value is Bool
    case "integer": (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
    case "number": value is NSNumber
    default: false
    }
  }
}
