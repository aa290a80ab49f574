import CNettle
import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Media

/// One line of `Tests/Fixtures/pictures/manifest.json`: a file and what Pillow sees in it.
struct Picture: CustomTestStringConvertible, Sendable {
  let file: String
  let width: Int
  let height: Int
  let channels: Int
  let sha256: String
  /// The prefixes that Pillow decodes, for files that are cut at every byte.
  let accepted: [ClosedRange<Int>]?

  var testDescription: String { file }

  static let folder = Fixture.root.appending(path: "pictures")

  func bytes() throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Picture.folder.appending(path: file)))
  }

  static func bytes(of file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: file)))
  }

  static let all: [Picture] = {
    do {
      let text = [UInt8](try Data(contentsOf: folder.appending(path: "manifest.json")))
      let root = try JSONDocument(bytes: text, source: "manifest.json").root
      return try root.required("pictures").elements().map(Picture.init)
    } catch {
      fatalError("the manifest of pictures cannot be read: \(error)")
    }
  }()

  private init(_ node: JSONNode) throws {
    file = try node.required("file").asString()
    width = try node.required("width").asInteger()
    height = try node.required("height").asInteger()
    channels = try node.required("mode").asString() == "RGBA" ? 4 : 3
    sha256 = try node.required("sha256").asString()
    accepted = try node.member("accepted")?.elements().map {
      let ends = try $0.elements().map { try $0.asInteger() }
      return ends[0]...ends[1]
    }
  }
}

/// SHA-256 by the library itself, independent of the product's wrapper.
func sha256(_ bytes: [UInt8]) -> String {
  var context = sha256_ctx()
  var digest = [UInt8](repeating: 0, count: 32)
  nettle_sha256_init(&context)
  nettle_sha256_update(&context, bytes.count, bytes)
  nettle_sha256_digest(&context, digest.count, &digest)
  return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
