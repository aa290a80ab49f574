import Engine
import Tensors

/// `:search`: rank the pictures of a folder by a text, a picture, or sums of them.
struct Search: Command {
  private static let query = Positional(
    ValueKind<String>.name("TEXT in FOLDER", .query),
    "a text, `{name}` for a staged picture, or several joined by + and -; then the folder",
    repeats: true)
  private static let top = Option("top", .integer(1...10_000), "how many to list (5)")
  private static let cache = Option("cache", .onOff, "use encodings made before (on)")

  static let signature = Signature(
    "search", "rank the pictures of a folder by a text or a picture",
    [query.parameter, top.parameter, cache.parameter],
    examples: [
      ":search red fruit in examples/pictures", ":search cat + {hat} - dog in ~/photos top=10",
    ])

  let query: SearchQuery
  let top: Int
  let usesCache: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    do { query = try SearchQuery(arguments.words) } catch {
      throw .syntax(error, usage: Search.signature.usage)
    }
    top = try arguments[Search.top] ?? 5
    usesCache = try arguments[Search.cache] ?? true
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let model = try session.requiredModel()
    let precision = session.settings.precision
    var terms: [QueryTerm] = []
    for term in query.terms {
      let weight: Float = term.isAdded ? 1 : -1
      switch term.content {
      case .text(let text): terms.append(QueryTerm(.text(text), weight: weight))
      case .picture(let name):
        let picture = try session.pictures(named: [name])[0]
        terms.append(QueryTerm(.picture(picture), weight: weight))
      }
    }
    let folder = PathExpansion.expandingHome(query.folder)
    let (files, unnamed) = try PictureFolder.files(
      in: folder, unless: session.runtime.cancellation)
    guard !files.isEmpty else {
      throw CommandFailure(
        code: "search.none", "\(folder) holds no pictures",
        remedy: "files that end in .jpg, .jpeg, .png or .webp are searched")
    }
    let target: Embedding
    do throws(EngineError) {
      target = try await model.embed(query: terms, precision: precision, usesCache: usesCache)
    } catch { throw CommandFailure(error) }
    var search = FolderSearch(
      model: model, precision: precision, usesCache: usesCache, target: target.vector,
      unnamed: unnamed)
    for (index, path) in files.enumerated() {
      try session.checkInterrupt()
      session.send(
        .progress(StageProgress(stage: "searching", completed: index, total: files.count)))
      try await search.look(at: path, in: session)
    }
    try await search.finish()
    return outcome(of: search, cached: target.cached, in: session)
  }

  private func outcome(
    of search: FolderSearch, cached: Int, in session: isolated Session
  ) -> Outcome {
    let items = search.items.sorted {
      $0.cosine != $1.cosine
        ? $0.cosine > $1.cosine : $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
    }.prefix(top)
    let best = items.first.flatMap { try? session.decode($0.path) }?.image.bitmap
    let result = SearchResult(
      query: description, searched: search.items.count, skipped: search.skipped.count,
      items: Array(items), best: best)
    return Outcome(result, cached: cached + search.cached, warnings: search.warnings)
  }

  /// The query as it was understood.
  private var description: String {
    query.terms.enumerated().map { index, term in
      let text =
        switch term.content {
        case .text(let text): text
        case .picture(let name): "{\(name)}"
        }
      return index == 0 && term.isAdded ? text : (term.isAdded ? "+ " : "- ") + text
    }.joined(separator: " ")
  }
}

/// Compares files with a query, one after another, and keeps count of those that are broken.
struct FolderSearch {
  /// Pictures that are encoded together, and bytes that they may take until then: photographs of
  /// a hundred megapixels are a third of a gigabyte each.
  private static let batchSize = 16
  private static let batchBytes = 512 << 20
  /// Broken files that are named.
  private static let named = 20

  let model: LoadedModel
  let precision: Precision
  let usesCache: Bool
  let target: [Float]
  private(set) var items: [SearchResult.Item] = []
  private(set) var skipped: [(path: String, why: String)]
  private(set) var cached = 0
  private var batch: [StagedPicture] = []

  /// - Parameter unnamed: pictures that cannot be read, for no path leads to them.
  init(
    model: LoadedModel, precision: Precision, usesCache: Bool, target: [Float], unnamed: [String]
  ) {
    skipped = unnamed.map { ($0, "its name is not UTF-8") }
    self.model = model
    self.precision = precision
    self.usesCache = usesCache
    self.target = target
  }

  /// Takes up one file. A broken one is noted and skipped.
  mutating func look(
    at path: String, in session: isolated Session
  ) async throws(CommandFailure) {
    do throws(CommandFailure) {
      let bytes = try session.pictureBytes(path)
      let sha256 = session.hash(of: bytes)
      if usesCache, let vector = await model.cachedVector(sha256: sha256, precision: precision) {
        cached += 1
        add(path, vector)
        return
      }
      let image = try session.decode(bytes, path)
      batch.append(StagedPicture(name: path, path: path, sha256: sha256, bitmap: image.bitmap))
    } catch {
      guard !error.isInterrupt else { throw error }
      skipped.append((path, error.message))
      return
    }
    let bytes = batch.reduce(0) { $0 + $1.bitmap.pixels.count }
    if batch.count == FolderSearch.batchSize || bytes > FolderSearch.batchBytes {
      try await finish()
    }
  }

  /// Encodes what waits.
  mutating func finish() async throws(CommandFailure) {
    guard !batch.isEmpty else { return }
    let vectors: [[Float]]
    do throws(EngineError) {
      vectors = try await model.vectors(of: batch, precision: precision)
    } catch { throw CommandFailure(error) }
    for (picture, vector) in zip(batch, vectors) { add(picture.path, vector) }
    batch = []
  }

  private mutating func add(_ path: String, _ vector: [Float]) {
    items.append(.init(path: path, cosine: LoadedModel.cosine(target, vector)))
  }

  var warnings: [Warning] {
    var warnings = skipped.prefix(FolderSearch.named).map {
      Warning(
        code: "search.skipped",
        "skipped " + ($0.why.contains($0.path) ? "" : $0.path + ": ") + $0.why)
    }
    if skipped.count > FolderSearch.named {
      warnings.append(
        Warning(
          code: "search.skipped",
          "and \(skipped.count - FolderSearch.named) more files were skipped"))
    }
    return warnings
  }
}
