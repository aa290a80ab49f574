import JSONDocuments
import Tensors

/// An activation as configuration files name it.
package enum ActivationName: String, Sendable, CaseIterable {
  case quickGELU = "quick_gelu"
  case gelu
  case geluTanh = "gelu_pytorch_tanh"
  case geluNew = "gelu_new"
  case silu
  case swish
  case relu

  var function: Activation {
    switch self {
    case .quickGELU: .quickGELU
    case .gelu: .gelu
    case .geluTanh, .geluNew: .geluTanh
    case .silu, .swish: .silu
    case .relu: .relu
    }
  }

  /// The activation under `key`.
  ///
  /// - Throws: ``JSONError`` naming the field and the known values.
  init(_ node: JSONNode, _ key: String, default fallback: ActivationName) throws(JSONError) {
    guard let member = try node.member(key) else {
      self = fallback
      return
    }
    let name = try member.asString()
    guard let known = ActivationName(rawValue: name) else {
      let names = ActivationName.allCases.map(\.rawValue).joined(separator: ", ")
      throw member.error("the activation \"\(name)\" is not known; known ones: \(names)")
    }
    self = known
  }
}
