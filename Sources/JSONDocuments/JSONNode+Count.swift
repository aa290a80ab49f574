import CJansson

extension JSONNode {
  /// The number of elements of an array or members of an object, 0 of anything else; nothing is
  /// copied, so that a hostile length is seen before it is acted on.
  package var count: Int {
    switch kind {
    case .array: Int(json_array_size(value))
    case .object: Int(json_object_size(value))
    default: 0
    }
  }
}
