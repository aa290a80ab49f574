import Foundation
import Testing

@testable import Checkpoints

private let commit = String(repeating: "0123456789", count: 4)
private let other = String(repeating: "abcdef0123", count: 4)

@Suite struct CheckpointLocatorTests {
  private let folder: TemporaryFolder
  private let locator: CheckpointLocator

  /// A cache with two snapshots of one repository, one of another, and one bundled checkpoint.
  init() throws {
    folder = try TemporaryFolder()
    let clip = "hub/models--openai--clip-vit-base-patch32/"
    try folder.write(commit, to: clip + "refs/main")
    try folder.write(other + "\n", to: clip + "refs/pr/1")
    try folder.write("{}", to: clip + "snapshots/\(commit)/config.json")
    try folder.write("x", to: clip + "snapshots/\(commit)/model.safetensors")
    try folder.write("x", to: clip + "snapshots/\(other)/pytorch_model.bin")
    try folder.write("x", to: "hub/models--gpt2/snapshots/\(other)/README.md")
    try folder.write("x", to: "hub/models--bad..name/snapshots/\(other)/model.safetensors")
    try folder.write("x", to: "hub/datasets--a--b/snapshots/\(other)/data")
    try folder.write("x", to: "bundled/emoji-clip/model.safetensors")
    locator = CheckpointLocator(
      bundled: [folder.url.appending(path: "bundled/emoji-clip")],
      environment: ["HF_HUB_CACHE": folder.path("hub"), "HOME": folder.path("home")])
  }

  private func complaint(_ name: String) -> String {
    do {
      _ = try locator.locate(name)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func findsTheMainSnapshot() throws {
    let found = try locator.locate("openai/clip-vit-base-patch32")
    #expect(
      found.origin
        == .cached(repository: "openai/clip-vit-base-patch32", revision: "main", commit: commit))
    #expect(found.files == ["config.json", "model.safetensors"])
    #expect(found.name == "openai/clip-vit-base-patch32")
    #expect(found.path(of: "config.json") == found.path + "/config.json")
    #expect(found.path(of: "absent.json") == nil)
  }

  @Test(arguments: [
    ("openai/clip-vit-base-patch32@pr/1", other), ("openai/clip-vit-base-patch32@" + other, other),
    ("openai/clip-vit-base-patch32@abcdef0", other), ("openai/clip-vit-base-patch32@main", commit),
    ("gpt2", other),
  ])
  func findsRevisions(_ name: String, _ expected: String) throws {
    guard case .cached(_, _, let found) = try locator.locate(name).origin else {
      Issue.record("\(name) was not found in the cache")
      return
    }
    #expect(found == expected)
  }

  @Test func findsBundledBeforeFoldersAndPathsAsTheyAre() throws {
    #expect(try locator.locate("emoji-clip").origin == .bundled(name: "emoji-clip"))
    let path = folder.path("bundled/emoji-clip")
    #expect(try locator.locate(path).origin == .path)
    let file = try locator.locate(path + "/model.safetensors")
    #expect(file.namedFile == "model.safetensors" && file.path == path)
    #expect(try file.weightFile() == "model.safetensors")
    #expect(file.name == "model.safetensors")
  }

  @Test func expandsHome() throws {
    try folder.write("x", to: "home/clip/model.safetensors")
    #expect(try locator.locate("~/clip").files == ["model.safetensors"])
  }

  @Test func saysWhereItLookedAndWhatIsNear() {
    #expect(
      complaint("openai/clip-vit-base-patch23")
        == "no checkpoint 'openai/clip-vit-base-patch23'; looked in \(folder.path("bundled")), "
        + "the current folder, \(folder.path("hub")); did you mean openai/clip-vit-base-patch32?")
    #expect(
      complaint("clip-vit-base-patch32").contains("did you mean openai/clip-vit-base-patch32"))
    #expect(complaint("emoji-clap").contains("did you mean emoji-clip?"))
    #expect(complaint("zzz").contains("give a folder, a file or a cached repository"))
    #expect(complaint("/no/such/place").hasPrefix("no checkpoint '/no/such/place'; looked in /no/"))
    let revision = complaint("openai/clip-vit-base-patch32@v2")
    #expect(revision.contains("did you mean openai/clip-vit-base-patch32@\(commit)"), "\(revision)")
  }

  @Test(arguments: [
    "a/b/c", "a--b/c", "../../no-such-folder", "a/..", "a/.", "-a/b", "a/b@../../x", "a/b@", "a/b@/x", "a b/c",
    "a/b@x//y", "models--gpt2", "bad..name", "", "x\u{0}y", "\u{1B}[2J",
  ])
  func neverLeavesTheCache(_ name: String) {
    let found = complaint(name)
    #expect(
      found.hasPrefix("no checkpoint") || found.contains("names no checkpoint"), "\(found)")
    #expect(!found.unicodeScalars.contains { $0.value < 32 })
  }

  @Test func listsWhatIsThere() {
    #expect(
      locator.listing() == [
        .init(name: "emoji-clip", isBundled: true, weightFile: "model.safetensors"),
        .init(name: "gpt2", isBundled: false, weightFile: nil),
        .init(
          name: "openai/clip-vit-base-patch32", isBundled: false, weightFile: "model.safetensors"),
      ])
  }

  @Test(arguments: [
    (["HF_HUB_CACHE": "/a", "HF_HOME": "/b"], "/a"), (["HF_HOME": "/b", "HOME": "/h"], "/b/hub"),
    (["HUGGINGFACE_HUB_CACHE": "/c", "HF_HOME": "/b"], "/c"),
    (["XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/huggingface/hub"),
    (["HOME": "/h"], "/h/.cache/huggingface/hub"),
    (["HF_HOME": "~/hf", "HOME": "/h"], "/h/hf/hub"),
    (["HF_HUB_CACHE": "", "HOME": "/h"], "/h/.cache/huggingface/hub"),
  ])
  func readsTheEnvironment(_ environment: [String: String], _ expected: String) {
    #expect(CheckpointLocator(environment: environment).cache == expected)
  }

  @Test(arguments: [
    (["config.json", "pytorch_model.bin", "model.safetensors"], "model.safetensors"),
    (
      ["config.json", "pytorch_model.bin", "model.safetensors.index.json"],
      "model.safetensors.index.json"
    ),
    (["config.json", "model.safetensors", "open_clip_model.safetensors"], "model.safetensors"),
    (
      ["open_clip_config.json", "model.safetensors", "open_clip_model.safetensors"],
      "open_clip_model.safetensors"
    ),
    (
      ["open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth"], "open_clip_pytorch_model.bin"
    ),
    (["config.json", "open_clip_pytorch_model.bin"], "open_clip_pytorch_model.bin"),
    (["ViT-B-32.pt"], "ViT-B-32.pt"), (["x.safetensors", "y.pt"], "x.safetensors"),
    (["RN50.pt", "ViT-B-32.pt"], nil), (["training_args.bin"], nil), ([], nil),
  ])
  func prefersWeightFiles(_ files: [String], _ expected: String?) throws {
    let folder = CheckpointFolder(path: "/m", origin: .path, files: files, namedFile: nil)
    if let expected {
      #expect(try folder.weightFile() == expected)
    } else {
      #expect(throws: CheckpointError.noWeights(path: "/m", found: files)) {
        try folder.weightFile()
      }
    }
  }

  @Test func saysHowToChooseAmongWeightFiles() {
    func complaint(_ files: [String]) -> String {
      let folder = CheckpointFolder(path: "/m", origin: .path, files: files, namedFile: nil)
      do { return try folder.weightFile() } catch { return "\(error)" }
    }
    #expect(
      complaint(["RN50.pt", "ViT-B-32.pt"])
        == "/m: holds no weights under a usual name (model.safetensors, pytorch_model.bin, …); "
        + "found RN50.pt, ViT-B-32.pt; if one of these holds them, give its path")
    #expect(complaint((0..<10).map { "\($0).txt" }).contains("7.txt and 2 more; if one"))
    #expect(complaint([]) == "/m: the folder is empty; download the checkpoint into it")
  }

  /// The cache keeps blobs, to which snapshots link: shards lie beside the link, not the blob.
  @Test func followsTheLinksOfSnapshots() throws {
    let base = "hub/models--a--sharded/"
    try folder.write(commit, to: base + "refs/main")
    try folder.write(safeTensors([("w", [1], [5])]), to: base + "blobs/one")
    try folder.write(#"{"weight_map":{"w":"model-1.safetensors"}}"#, to: base + "blobs/two")
    try folder.write("{}", to: base + "snapshots/\(commit)/config.json")
    for (name, blob) in [("model-1.safetensors", "one"), ("model.safetensors.index.json", "two")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path(base + "snapshots/\(commit)/\(name)"),
        withDestinationPath: "../../blobs/\(blob)")
    }
    let found = try locator.locate("a/sharded")
    #expect(try found.weightFile() == "model.safetensors.index.json")
    #expect(try found.weights().tensor("w").array == [5])
  }
}
