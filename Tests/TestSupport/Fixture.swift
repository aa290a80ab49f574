import Foundation
import JSONDocuments

/// A folder of golden values under `Tests/Fixtures`, made by `Tests/Reference`.
package struct Fixture {
  package let folder: URL
  /// `case.json`: the cases with their inputs, outputs and arguments.
  package let manifest: JSONNode

  package init(_ name: String) throws {
    try self.init(folder: Fixture.root.appending(path: name))
  }

  /// One that is made where it is needed.
  package init(folder: URL) throws {
    self.folder = folder
    manifest = try JSONDocument(
      bytes: Array(Data(contentsOf: folder.appending(path: "case.json"))),
      source: folder.lastPathComponent
    ).root
  }

  /// `Tests/Fixtures` in the source tree.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures")

  /// The path of a file of this fixture.
  package func path(_ file: String) -> String { folder.appending(path: file).path }

  /// Every tensor of `expected.safetensors`, under its full name `<case>/<output>`.
  ///
  /// Read here on its own, so that the product's reader is not its own witness.
  package func expected() throws -> [String: ExpectedTensor] {
    let bytes = try Data(contentsOf: folder.appending(path: "expected.safetensors"))
    let headerLength = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try JSONDocument(
      bytes: Array(bytes[8..<8 + headerLength]), source: "expected.safetensors")
    let data = bytes[(8 + headerLength)...]
    var tensors: [String: ExpectedTensor] = [:]
    try header.root.forEachMember { key, value in
      let name = String(decoding: key, as: UTF8.self)
      guard name != "__metadata__" else { return }
      let range = try value.required("data_offsets").elements().map { try $0.asInteger() }
      tensors[name] = ExpectedTensor(
        shape: try value.required("shape").elements().map { try $0.asInteger() },
        dtype: try value.required("dtype").asString(),
        bytes: Array(data[(data.startIndex + range[0])..<(data.startIndex + range[1])]))
    }
    return tensors
  }
}

/// One golden tensor, as bytes with accessors for the types that fixtures use.
package struct ExpectedTensor: Sendable {
  package let shape: [Int]
  package let dtype: String
  package let bytes: [UInt8]

  package var floats: [Float] {
    switch dtype {
    case "F32": load(Float.self)
    case "F64": load(Double.self).map { Float($0) }
    default: integers.map { Float($0) }
    }
  }

  package var integers: [Int] {
    switch dtype {
    case "I64": load(Int64.self).map { Int($0) }
    case "I32": load(Int32.self).map { Int($0) }
    case "U8", "BOOL": bytes.map { Int($0) }
    default: preconditionFailure("\(dtype) holds no integers")
    }
  }

  private func load<T: BitwiseCopyable>(_: T.Type) -> [T] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / MemoryLayout<T>.size).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
      }
    }
  }
}
