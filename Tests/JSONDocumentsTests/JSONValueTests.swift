import JSONDocuments
import Testing

@Suite struct JSONValueTests {
  private static let value: JSONValue = [
    "z": nil, "a": [1, -2.5, 1e-5, true], "s": "a\"\\/\n\u{1}\u{2028}é", "none": [:], "list": [],
  ]

  @Test func writesOneLine() {
    #expect(
      Self.value.text()
        == #"{"z":null,"a":[1,-2.5,1e-05,true],"s":"a\"\\/\n\u0001"# + "\u{2028}é\""
        + #","none":{},"list":[]}"#)
  }

  @Test func writesIndented() {
    let value: JSONValue = ["a": [1, ["b": "c"]], "none": [:]]
    #expect(
      value.text(indentation: 2) == """
        {
          "a": [
            1,
            {
              "b": "c"
            }
          ],
          "none": {}
        }
        """)
  }

  @Test func isReadBack() throws {
    let root = try JSONDocument(
      bytes: Array(Self.value.text(indentation: 1).utf8), source: "test"
    ).root
    #expect(try root.keys() == ["z", "a", "s", "none", "list"])
    #expect(try root.required("a").elements()[1].asDouble() == -2.5)
    #expect(try root.required("s").asString() == "a\"\\/\n\u{1}\u{2028}é")
    for number in [0.1, 1 / 255, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -0.0] {
      let text = JSONValue.array([.number(number)]).text()
      let read = try JSONDocument(bytes: Array(text.utf8), source: "test").root.elements()[0]
      #expect(try read.asDouble().bitPattern == number.bitPattern, "\(text)")
    }
    for scalar in (0..<0x80).compactMap({ Unicode.Scalar($0) }) {
      let text = JSONValue.array([.string(String(scalar))]).text()
      let read = try JSONDocument(bytes: Array(text.utf8), source: "test").root.elements()[0]
      #expect(try read.asString() == String(scalar))
    }
  }

  @Test func writesNullForWhatIsNotFinite() {
    #expect(JSONValue.array([.number(.nan), .number(.infinity)]).text() == "[null,null]")
  }
}
