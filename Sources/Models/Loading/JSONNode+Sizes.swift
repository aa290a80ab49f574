import JSONDocuments

extension JSONNode {
  /// No tensor has a longer side.
  static let greatestSize = 1 << 24
  /// No stack of layers is deeper, and so no list of missing tensors longer.
  static let greatestLayerCount = 1024

  /// A length that a tensor may have: between 1 and 2²⁴.
  func asSize() throws(JSONError) -> Int {
    let value = try asInteger()
    guard (1...JSONNode.greatestSize).contains(value) else {
      throw error("\(value) is outside 1...\(JSONNode.greatestSize)")
    }
    return value
  }

  func size(_ key: String, default fallback: Int) throws(JSONError) -> Int {
    try member(key)?.asSize() ?? fallback
  }

  /// A count of layers, which are built one by one.
  func asLayerCount() throws(JSONError) -> Int {
    let value = try asInteger()
    guard (1...JSONNode.greatestLayerCount).contains(value) else {
      throw error("\(value) is outside 1...\(JSONNode.greatestLayerCount)")
    }
    return value
  }

  /// What is added to a variance: positive, and still so as f32, in which it is added.
  func epsilon(_ key: String, default fallback: Double) throws(JSONError) -> Double {
    guard let node = try member(key) else { return fallback }
    let value = try node.asDouble()
    guard value > 0, Float(value).isNormal else {
      throw node.error("\(value) is not a positive number that f32 holds")
    }
    return value
  }

  func layerCount(_ key: String, default fallback: Int) throws(JSONError) -> Int {
    try member(key)?.asLayerCount() ?? fallback
  }
}
