import JSONDocuments
import Testing

private func parse(_ text: String) throws(JSONError) -> JSONDocument {
  try JSONDocument(bytes: Array(text.utf8), source: "test.json")
}

@Suite struct JSONDocumentTests {
  @Test func readsEveryKind() throws {
    let document = try parse(#"{"i":-3,"r":1.5,"s":"한","b":true,"n":null,"a":[1,2],"o":{"k":7}}"#)
    let root = document.root
    #expect(try root.integer("i", default: 0) == -3)
    #expect(try root.double("r", default: 0) == 1.5)
    #expect(try root.double("i", default: 0) == -3)
    #expect(try root.string("s", default: "") == "한")
    #expect(try root.bool("b", default: false))
    #expect(try root.member("n") == nil)
    #expect(try root.integer("n", default: 9) == 9)
    #expect(try root.required("a").elements().map { try $0.asInteger() } == [1, 2])
    #expect(try root.required("o").required("k").path == "$.o.k")
    #expect(try root.keys() == ["i", "r", "s", "b", "n", "a", "o"])
  }

  @Test func keepsCanonicallyEquivalentKeysApart() throws {
    let document = try parse("{\"\u{00E9}\":1,\"e\u{0301}\":2}")
    var values: [Int] = []
    try document.root.forEachMember { _, node in values.append(try node.asInteger()) }
    #expect(values == [1, 2])
  }

  @Test func namesThePlaceOfAWrongKind() throws {
    let document = try parse(#"{"vision_config":{"hidden_size":"wide"}}"#)
    let error = #expect(throws: JSONError.self) {
      try document.root.required("vision_config").integer("hidden_size", default: 1)
    }
    #expect(
      error?.description
        == "test.json: $.vision_config.hidden_size: expected an integer, found string")
  }

  /// What transformers writes where it knows no length, beside numbers that must stay as they are.
  @Test func readsIntegersBeyond64BitsAsReals() throws {
    let document = try parse(
      #"""
      {"model_max_length": 1000000000000000019884624838656, "low":[-9223372036854775809,
      -9223372036854775808], "n":9223372036854775807, "r":12345678901234567890.5,
      "s":"\"12345678901234567890", "e":1e30, "last":18446744073709551615}
      """#)
    let root = document.root
    #expect(try root.double("model_max_length", default: 0) == 1e30)
    #expect(try root.required("low").elements().map(\.kind) == [.real, .integer])
    #expect(try root.integer("n", default: 0) == .max)
    #expect(try root.double("r", default: 0) == 12_345_678_901_234_567_890.5)
    #expect(try root.string("s", default: "") == "\"12345678901234567890")
    #expect(try root.double("last", default: 0) == 18_446_744_073_709_551_615)
    #expect(throws: JSONError.self) { try root.integer("last", default: 0) }
    #expect(throws: JSONError.self) { try parse("[0" + String(repeating: "9", count: 30) + "]") }
    #expect(throws: JSONError.self) { try parse(String(repeating: "9", count: 400)) }
    #expect(throws: JSONError.self) { try parse("[99999999999999999999, \"") }
  }

  @Test(arguments: [
    "", "{", "{} x", "{\"a\":1,\"a\":2}", "[1,]", "\"\u{FFFE}", "nul", "1e999",
  ])
  func rejectsHostileText(_ text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func rejectsDeepNesting() {
    #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 5000)) }
  }
}
