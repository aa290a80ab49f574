/// What a pickle is made of, as plain data: nothing here can run.
///
/// Containers are indices into the machine's nodes rather than references. So a pickle that
/// nests a million deep, or holds itself, is neither recursed into nor leaked when let go.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(String)
  /// A list, tuple, dictionary, set or object.
  case node(Int)
  /// A class or function by name, which is only ever compared with names.
  case global(PickleGlobal)
  /// The index of a storage.
  case storage(Int)
  /// The index of a tensor.
  case tensor(Int)
}

/// The contents of one container.
enum PickleNode {
  case list([PickleValue])
  case tuple([PickleValue])
  case set
  case dictionary([(key: PickleValue, value: PickleValue)])
  /// An instance of a TorchScript class: a dictionary of attributes once it is built.
  case object(state: PickleValue)
}

/// The names that a pickle may mention.
enum PickleGlobal: Equatable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case storageType(TorchElement)
  /// `torch.Size`, a tuple.
  case size
  /// `torch.device` or a dtype such as `torch.float16`: allowed, and of no consequence.
  case device, elementType
  /// `__torch__.….Class` of a TorchScript archive.
  case scriptClass
  /// `torch.jit._pickle.build_…list`, which gives back its list.
  case scriptList
  /// `torch.jit._pickle.restore_type_tag`, which gives back its value.
  case scriptTag

  /// The global `module.name`, or nil when it is none of those that weights need.
  ///
  /// - Parameter isScript: whether TorchScript's own names are allowed.
  init?(module: String, name: String, isScript: Bool) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch", "device"): self = .device
    case ("torch", _):
      if let element = TorchElement(storageName: name) {
        self = .storageType(element)
      } else if TorchElement.dtypeNames.contains(name) {
        self = .elementType
      } else {
        return nil
      }
    case ("torch.jit._pickle", "restore_type_tag") where isScript: self = .scriptTag
    case ("torch.jit._pickle", "build_intlist") where isScript,
      ("torch.jit._pickle", "build_doublelist") where isScript,
      ("torch.jit._pickle", "build_boollist") where isScript,
      ("torch.jit._pickle", "build_tensorlist") where isScript:
      self = .scriptList
    case (let module, _)
    where isScript && (module == "__torch__" || module.utf8.starts(with: "__torch__.".utf8)):
      self = .scriptClass
    default: return nil
    }
  }
}
