@testable import Console
import Foundation
import Testing

/// Real records of every verb, held against the schema that `docs` publishes.
@Suite struct RecordTests {
  @Test func everyVerbsRecordsFollowTheSchema() async throws {
    let folder = try Scratch()
    let script = try folder.write("inner.gaze", ":print inner\n:nope\n")
    let test = TestSession()
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
    var seen = Set<String>()
    // Training takes long; what is held against the schema is the result of runs made by hand.
    let trained = [
      HandmadeRun.summary(), HandmadeRun.summary(step: 0, isInterrupted: true, skipped: 0),
    ].map {
      Record(
        sequence: 1, verb: "train", source: nil, milliseconds: 1,
        outcome: .success(Train.outcome($0, recipe: "recipe.yaml")))
    }
    for record in test.records + trained {
      let problems = Validator(root: schema).problems(
        try object(JSONRecord(record).line), schema, "record")
      #expect(problems.isEmpty, "\(record.verb): \(problems)")
      if record.failure == nil { seen.insert(record.verb) }
    }
    let missing = Set(CommandTable.commands.map { $0.signature.name }).subtracting(seen)
    #expect(missing.isEmpty, "no successful record of \(missing)")
  }

  @Test func theSchemaRefusesWhatIsNoRecord() throws {
    let schema = try object(RecordSchema.json())
    for wrong in [
      #"{}"#, #"{"schema":2,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[],"data":{"text":""}}"#,
      #"{"schema":1,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[],"data":{"texts":""}}"#,
      #"{"schema":1,"seq":1,"verb":"print","ok":true,"ms":1,"cached":0,"warnings":[]}"#,
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
    for rule in schema["allOf"] as? [[String: Any]] ?? [] {
      if let condition = rule["if"], problems(value, condition, path).isEmpty {
        found += problems(value, rule["then"] ?? [:], path)
      }
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
