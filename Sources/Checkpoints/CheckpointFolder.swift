/// A folder with a checkpoint in it: weights, configuration, tokenizer.
package struct CheckpointFolder: Sendable, Equatable {
  /// How a folder was found.
  package enum Origin: Sendable, Equatable {
    /// The user gave its path, or that of a file in it.
    case path
    /// It comes with Gaze under this name.
    case bundled(name: String)
    /// It is a snapshot in the local Hugging Face cache.
    case cached(repository: String, revision: String, commit: String)
  }

  package let path: String
  package let origin: Origin
  /// The names in the folder, sorted by bytes.
  package let files: [String]
  /// The weight file that the user named, if it was not left to be found.
  package let namedFile: String?

  /// What to call the checkpoint: the repository, the bundled name, or the last part of the path.
  package var name: String {
    switch origin {
    case .path: namedFile ?? Paths.name(of: path)
    case .bundled(let name): name
    case .cached(let repository, _, _): repository
    }
  }

  package func contains(_ file: String) -> Bool {
    files.contains { WeightName($0) == WeightName(file) }
  }

  /// The path of a file in the folder, or nil when it is not there.
  package func path(of file: String) -> String? {
    contains(file) ? Paths.joined(path, file) : nil
  }

  // MARK: Weights

  /// Whose names for files a folder follows.
  package enum Naming: Sendable, CaseIterable {
    case huggingFace, openCLIP

    /// Weight files in order of preference: the naming's own before those that it shares, and of
    /// each the files that need no unpickling first.
    package var weightFiles: [String] {
      switch self {
      case .huggingFace:
        [
          "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
          "pytorch_model.bin.index.json",
        ]
      case .openCLIP:
        [
          "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors",
          "open_clip_model.bin", "open_clip_pytorch_model.bin", "open_clip_model.pth",
          "open_clip_pytorch_model.pth", "model.safetensors", "pytorch_model.bin",
        ]
      }
    }
  }

  /// The weight file to load. In order:
  ///
  /// 1. the file that the user named;
  /// 2. the first of `naming`'s files that is there. Without a naming, Hugging Face's come first
  ///    if there is a `config.json`, OpenCLIP's if there is none, and then the others;
  /// 3. the only file that ends in `.safetensors`;
  /// 4. the only file that ends in `.pt`, `.pth` or `.ckpt`.
  ///
  /// - Throws: ``CheckpointError/noWeights(path:found:)``.
  package func weightFile(_ naming: Naming? = nil) throws(CheckpointError) -> String {
    if let namedFile { return namedFile }
    let order: [Naming] =
      if let naming { [naming] } else {
        contains("config.json") ? [.huggingFace, .openCLIP] : [.openCLIP, .huggingFace]
      }
    if let found = order.flatMap(\.weightFiles).first(where: contains) { return found }
    for endings in [[".safetensors"], [".pt", ".pth", ".ckpt"]] {
      let found = files.filter { file in endings.contains { file.utf8.hasSuffix($0.utf8) } }
      if found.count == 1 { return found[0] }
    }
    throw .noWeights(path: path, found: files)
  }

  /// Opens the weights, reading headers only.
  ///
  /// - Throws: ``CheckpointError``.
  package func weights(_ naming: Naming? = nil) throws(CheckpointError) -> WeightStore {
    try WeightStore(file: Paths.joined(path, try weightFile(naming)))
  }
}

extension String.UTF8View {
  /// Whether these bytes end in `suffix`.
  func hasSuffix(_ suffix: String.UTF8View) -> Bool {
    self.suffix(suffix.count).elementsEqual(suffix)
  }
}
