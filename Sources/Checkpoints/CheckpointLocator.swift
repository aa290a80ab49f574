#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds the folder of the checkpoint that a user names.
///
/// A name is, in order:
///
/// 1. a path, if it begins with `/`, `./`, `../` or `~`: nothing else is tried;
/// 2. a bundled checkpoint of that name;
/// 3. an existing file or folder, relative to the current one;
/// 4. a repository `organisation/name[@revision]`, or `name[@revision]`, in the local Hugging Face
///    cache. Nothing is ever downloaded.
///
/// The cache is the first of `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME/hub`,
/// `XDG_CACHE_HOME/huggingface/hub`, `~/.cache/huggingface/hub` whose variable is set. A revision
/// is, in order: a ref (branch, tag or `refs/pr/1`), a commit, the beginning of exactly one commit
/// that is there. Without a revision it is `main`, or the only snapshot if `main` is not there.
package struct CheckpointLocator: Sendable {
  /// The folder that holds `models--organisation--name` folders; it need not exist.
  package let cache: String
  /// Folders of checkpoints that come with Gaze, each named by its last component.
  package let bundled: [URL]
  private let home: String?

  /// - Parameter bundled: folders of checkpoints, each named by its last component.
  package init(
    bundled: [URL] = [], environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.bundled = bundled
    let home = environment["HOME"]
    self.home = home
    func folder(_ variable: String, _ below: String = "") -> String? {
      guard let value = environment[variable], !value.isEmpty else { return nil }
      let base = CheckpointLocator.expandingHome(value, home)
      return below.isEmpty ? base : Paths.joined(base, below)
    }
    cache =
      folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? folder("HF_HOME", "hub")
      ?? folder("XDG_CACHE_HOME", "huggingface/hub")
      ?? Paths.joined(home ?? "/", ".cache/huggingface/hub")
  }

  /// The folder of the checkpoint called `name`.
  ///
  /// - Throws: ``CheckpointError/notFound(name:lookedIn:nearest:)`` with the places and the
  ///   nearest names there, or ``CheckpointError/invalidName(name:problem:)``.
  package func locate(_ name: String) throws(CheckpointError) -> CheckpointFolder {
    guard !name.isEmpty, !name.utf8.contains(0), name.utf8.count <= 4096 else {
      throw .invalidName(name: name, problem: "give a folder, a file or a repository name")
    }
    let path = CheckpointLocator.expandingHome(name, home)
    if ["/", "./", "../", "~"].contains(where: { name.utf8.starts(with: $0.utf8) })
      || name == "." || name == ".."
    {
      if let found = try folder(at: path, origin: .path) { return found }
      throw .notFound(name: name, lookedIn: [path], nearest: [])
    }
    if let url = bundled.first(where: { $0.lastPathComponent == name }),
      let found = try folder(at: url.path, origin: .bundled(name: name))
    {
      return found
    }
    if let found = try folder(at: path, origin: .path) { return found }
    if let repository = CachedRepository(name), let found = try snapshot(of: repository) {
      return found
    }
    throw .notFound(
      name: name,
      lookedIn: bundled.map { $0.deletingLastPathComponent().path }.uniqued
        + ["the current folder", cache],
      nearest: NearestNames.of(name, among: listing().map(\.name)))
  }

  /// A file or folder as a checkpoint, or nil when there is nothing at `path`.
  private func folder(
    at path: String, origin: CheckpointFolder.Origin
  ) throws(CheckpointError) -> CheckpointFolder? {
    switch Paths.kind(of: path) {
    case nil:
      return nil
    case .other:
      throw .notARegularFile(path: path, kind: "a device, FIFO or socket")
    case .file:
      let folder = Paths.parent(of: path)
      return CheckpointFolder(
        path: folder, origin: origin, files: Paths.contents(of: folder) ?? [],
        namedFile: Paths.name(of: path))
    case .folder:
      guard let files = Paths.contents(of: path) else { throw .system(path, "list") }
      return CheckpointFolder(path: path, origin: origin, files: files, namedFile: nil)
    }
  }

  private static func expandingHome(_ path: String, _ home: String?) -> String {
    guard let home else { return path }
    if path == "~" { return home }
    return path.utf8.starts(with: "~/".utf8) ? Paths.joined(home, String(path.dropFirst(2))) : path
  }

  // MARK: The Hugging Face cache

  private func snapshot(
    of repository: CachedRepository
  ) throws(CheckpointError) -> CheckpointFolder? {
    let base = Paths.joined(cache, repository.folder)
    guard Paths.kind(of: base) == .folder else { return nil }
    let commits = (Paths.contents(of: Paths.joined(base, "snapshots")) ?? [])
      .filter(CachedRepository.isCommit)
    let revision = repository.revision ?? "main"
    let ref = Paths.text(of: Paths.joined(base, "refs/" + revision))?
      .trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace }
    var candidates = commits.filter { $0 == ref.map(String.init) ?? revision }
    if candidates.isEmpty, ref == nil {
      candidates =
        repository.revision == nil
        ? commits : commits.filter { $0.utf8.starts(with: revision.utf8) }
    }
    guard candidates.count == 1 else {
      throw .notFound(
        name: repository.name + "@" + revision, lookedIn: [Paths.joined(base, "snapshots")],
        nearest: commits.map { repository.name + "@" + $0 })
    }
    return try folder(
      at: Paths.joined(base, "snapshots/" + candidates[0]),
      origin: .cached(
        repository: repository.name, revision: revision, commit: candidates[0]))
  }

  /// One checkpoint that is there to be loaded.
  package struct Listing: Sendable, Equatable {
    package let name: String
    package let isBundled: Bool
    /// The file that would be loaded, or nil when the snapshot holds no weights or there are
    /// several snapshots and none is `main`.
    package let weightFile: String?
  }

  /// Every bundled checkpoint, then every cached repository, sorted by name.
  package func listing() -> [Listing] {
    func weightFile(_ folder: CheckpointFolder?) -> String? { try? folder?.weightFile() }
    let own = bundled.map(\.lastPathComponent).map { name in
      Listing(name: name, isBundled: true, weightFile: weightFile(try? locate(name)))
    }
    let cached = (Paths.contents(of: cache) ?? []).compactMap(CachedRepository.init(folder:)).map {
      Listing(
        name: $0.name, isBundled: false, weightFile: weightFile((try? snapshot(of: $0)) ?? nil))
    }
    return own + cached.sorted { WeightName($0.name) < WeightName($1.name) }
  }
}

extension [String] {
  /// Each text once, in order of first appearance.
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
