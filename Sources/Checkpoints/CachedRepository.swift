/// A repository name, and how the Hugging Face cache spells it.
///
/// `organisation/name` lies in `models--organisation--name`.
struct CachedRepository {
  /// `organisation/name`, or `name` for the oldest repositories.
  let name: String
  /// What followed `@`.
  let revision: String?

  var folder: String {
    CachedRepository.folderPrefix
      + name.split(separator: "/").joined(separator: CachedRepository.separator)
  }

  private static let folderPrefix = "models--"
  private static let separator = "--"

  /// Nil when no repository can be called that: such a name would reach outside the cache.
  init?(_ text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let revision = parts.count == 2 ? String(parts[1]) : nil
    if let revision, !CachedRepository.isRevision(revision) { return nil }
    let components = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(components.count),
      components.allSatisfy({ CachedRepository.isComponent($0) })
    else { return nil }
    name = String(parts[0])
    self.revision = revision
  }

  /// The repository that a folder of the cache holds, or nil for other folders.
  init?(folder: String) {
    guard folder.utf8.starts(with: CachedRepository.folderPrefix.utf8) else { return nil }
    let rest = folder.dropFirst(CachedRepository.folderPrefix.count)
    // Names hold no "--" of their own, so the first one is the separator.
    var parts: [Substring] = []
    var start = rest.startIndex
    while let range = rest[start...].firstRange(of: CachedRepository.separator) {
      parts.append(rest[start..<range.lowerBound])
      start = range.upperBound
    }
    parts.append(rest[start...])
    guard (1...2).contains(parts.count), parts.allSatisfy({ CachedRepository.isComponent($0) })
    else { return nil }
    name = parts.joined(separator: "/")
    revision = nil
  }

  private static func isComponent(_ text: Substring) -> Bool {
    guard (1...96).contains(text.utf8.count), text.firstRange(of: "--") == nil,
      text.firstRange(of: "..") == nil, let first = text.utf8.first, let last = text.utf8.last
    else { return false }
    let edges = [UInt8(ascii: "-"), UInt8(ascii: ".")]
    return text.utf8.allSatisfy(\.isNameByte) && !edges.contains(first) && !edges.contains(last)
  }

  /// A branch, tag or commit; its slashes separate folders, none of which may lead upwards.
  private static func isRevision(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return (1...255).contains(text.utf8.count)
      && parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".." && part.utf8.allSatisfy(\.isNameByte)
      }
  }

  /// Whether `name` can be a folder of `snapshots`: a hash in hexadecimal digits.
  static func isCommit(_ name: String) -> Bool {
    (7...64).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}

extension UInt8 {
  /// Whether a repository's name may hold this byte.
  fileprivate var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}
