import Tensors

/// The element types of PyTorch storages that are read.
struct TorchElement: Equatable {
  let elementType: ElementType

  /// The type of `torch.<storageName>`, or nil when it is not read.
  init?(storageName: String) {
    switch storageName {
    case "FloatStorage": elementType = .f32
    case "HalfStorage": elementType = .f16
    case "BFloat16Storage": elementType = .bf16
    case "DoubleStorage": elementType = .f64
    case "LongStorage": elementType = .i64
    case "IntStorage": elementType = .i32
    case "ShortStorage": elementType = .i16
    case "CharStorage": elementType = .i8
    case "ByteStorage": elementType = .u8
    case "BoolStorage": elementType = .bool
    default: return nil
    }
  }

  /// Names of dtypes that may stand beside weights.
  static let dtypeNames: Set<String> = [
    "float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool",
  ]
}

/// A storage that a pickle refers to by a persistent id.
struct TorchStorage {
  let key: String
  let elementType: ElementType
  /// In elements.
  let count: Int
}

/// A tensor that a pickle builds from a storage. All numbers are as the file has them, unchecked.
struct TorchTensor {
  let storage: Int
  let offset: Int
  let sizes: [Int]
  let strides: [Int]
}
