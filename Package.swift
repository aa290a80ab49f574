// swift-tools-version: 6.2
import PackageDescription

// One line per module. A module may import only what its line names, and only modules on lines
// above its own; `.ci/check-imports` holds the sources against this file.
let package = Package(
  name: "gaze",
  products: [.executable(name: "gaze", targets: ["gaze"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
  ],
  targets: [
    // System libraries, each found through pkg-config.
    system("CJansson", "Jansson", pkgConfig: "jansson", apt: "libjansson-dev", brew: "jansson"),
    system("COniguruma", "Oniguruma", pkgConfig: "oniguruma", apt: "libonig-dev", brew: "oniguruma"),
    system("CNettle", "Nettle", pkgConfig: "nettle", apt: "nettle-dev", brew: "nettle"),
    system("CLibJPEG", "LibJPEG", pkgConfig: "libjpeg", apt: "libjpeg62-turbo-dev", brew: "jpeg-turbo"),
    system("CLibPNG", "LibPNG", pkgConfig: "libpng", apt: "libpng-dev", brew: "libpng"),
    system("CLibWebP", "LibWebP", pkgConfig: "libwebpdemux", apt: "libwebp-dev", brew: "webp"),
    system("CLibArchive", "LibArchive", pkgConfig: "libarchive", apt: "libarchive-dev", brew: "libarchive"),
    system("CNcursesw", "Ncursesw", pkgConfig: nil, apt: "libncurses-dev", brew: "ncurses"),
    system("CLibChafa", "LibChafa", pkgConfig: "chafa", apt: "libchafa-dev", brew: "chafa"),

    // C: the SIMD inner loops, and shims where Swift cannot call a library directly.
    .target(name: "CKernels"),
    .target(name: "CCodecs", dependencies: ["CLibJPEG", "CLibPNG", "CLibWebP"]),
    .target(
      name: "CCurses", dependencies: ["CNcursesw"], linkerSettings: [.linkedLibrary("ncursesw")]),
    .target(name: "CChafa", dependencies: ["CLibChafa"]),

    // Swift, from the bottom up.
    module("JSONDocuments", ["CJansson"]),
    module("Tensors", ["CKernels"]),
    module("Checkpoints", ["JSONDocuments", "Tensors"]),
    module("Tokenizers", ["COniguruma", "JSONDocuments"]),
    module("Media", ["CCodecs", "CNettle", "JSONDocuments"]),
    module("Pictures", ["CChafa", "Media"]),
    module("Models", ["JSONDocuments", "Tensors", "Checkpoints", "Tokenizers", "Media"]),
    module(
      "Training",
      [
        "CLibArchive", "JSONDocuments", "Tensors", "Checkpoints", "Tokenizers", "Media", "Models",
        .product(name: "Yams", package: "Yams"), .product(name: "SwiftCSV", package: "SwiftCSV"),
      ]),
    module(
      "Engine",
      ["JSONDocuments", "Tensors", "Checkpoints", "Tokenizers", "Media", "Models", "Training"]),
    module(
      "Console",
      ["JSONDocuments", "Tensors", "Checkpoints", "Media", "Pictures", "Training", "Engine"]),
    module("Screen", ["Pictures"]),
    module("Terminal", ["CCurses", "Media", "Pictures", "Console", "Screen"]),
    .executableTarget(
      name: "gaze",
      dependencies: [
        "Console", "Terminal", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      resources: [.copy("Resources/checkpoints")],
      swiftSettings: settings()),

    .target(
      name: "TestSupport", dependencies: ["JSONDocuments"], path: "Tests/TestSupport",
      swiftSettings: settings()),
    tests("JSONDocuments"),
    tests("Tensors", ["CKernels"]),
    tests("Checkpoints", ["JSONDocuments", "Tensors"]),
    tests("Tokenizers", ["JSONDocuments"]),
    tests("Media", ["JSONDocuments", "CNettle"]),
    tests("Pictures", ["Media"]),
    tests("Screen", ["Pictures"]),
    tests("Models", ["Tensors", "Checkpoints", "Tokenizers", "Media", "JSONDocuments"]),
    tests("Training", ["Models", "Tokenizers", "Tensors", "Checkpoints", "Media", "JSONDocuments"]),
    tests("Engine", ["Models", "Tensors", "Checkpoints", "Media", "JSONDocuments"]),
    tests(
      "Console",
      ["Engine", "Media", "Pictures", "Tensors", "Training", "Checkpoints", "JSONDocuments"]),
    .executableTarget(
      name: "TerminalDemo", dependencies: ["Media", "Pictures", "Screen", "Terminal"],
      path: "Tests/TerminalDemo", swiftSettings: settings()),
    tests("Terminal", ["CCurses", "Pictures", "Training", "Console", "Screen", "TerminalDemo"]),
  ]
)

func settings() -> [SwiftSetting] {
  [.enableUpcomingFeature("ExistentialAny")]
}

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings())
}

func tests(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + more, swiftSettings: settings())
}

func system(
  _ name: String, _ folder: String, pkgConfig: String?, apt: String, brew: String
) -> Target {
  .systemLibrary(
    name: name, path: "Sources/SystemLibraries/" + folder, pkgConfig: pkgConfig,
    providers: [.apt([apt]), .brew([brew])])
}
