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
