import Synchronization

/// The memory that encoding needs, reused from call to call.
///
/// - Note: `@unchecked Sendable` holds because a workspace is used by one call at a time: it
///   leaves the pool's array under the lock, is a local variable of one call, and goes back under
///   the lock when the call ends. The regular-expression search in it, its only reference, is
///   never stored elsewhere.
struct Workspace: @unchecked Sendable {
  let search = RegularExpressionSearch()
  var cache = WordCache()
  var merging = MergeScratch()
  var symbols: [BytePairEncoding.Symbol] = []

  /// Lets go of what an unusually long word needed.
  mutating func shrink() {
    if symbols.capacity > 1 << 16 { symbols = [] }
    if merging.symbols.capacity > 1 << 16 { merging = MergeScratch() }
  }
}

/// Workspaces that are not in use: as many as there ever were concurrent calls.
final class WorkspacePool: Sendable {
  private let idle = Mutex<[Workspace]>([])

  func take() -> Workspace { idle.withLock { $0.popLast() } ?? Workspace() }

  func put(back workspace: Workspace) {
    var workspace = workspace
    workspace.shrink()
    idle.withLock { $0.append(workspace) }
  }
}
