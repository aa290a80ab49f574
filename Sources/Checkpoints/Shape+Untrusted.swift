import Tensors

extension Shape {
  /// A shape that a file or configuration gives: nil with more than six axes, a negative length,
  /// or lengths whose product overflows even with the empty axes left out, since the strides of
  /// an empty tensor are such products too.
  init?(untrusted lengths: [Int]) {
    guard lengths.allSatisfy({ $0 >= 0 }), Shape(checking: lengths.map { max($0, 1) }) != nil
    else { return nil }
    self.init(lengths)
  }
}
