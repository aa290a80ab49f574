import Foundation
import Pictures
import Tensors

/// What `:set` changes.
package struct Settings: Sendable, Equatable {
  /// How pictures are drawn as characters.
  package enum Renderer: String, Sendable, CaseIterable {
    case auto, ascii, blocks, symbols
  }

  /// Colours that pictures may use.
  package enum Color: String, Sendable, CaseIterable {
    case auto, none, ansi16 = "16", ansi256 = "256", truecolor
  }

  package var precision = Precision.file
  package var renderer = Renderer.auto
  package var color = Color.auto
  /// Pixels that a picture may decode to.
  package var budget = 178_956_970
  /// Bytes that a plan may come to.
  package var memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
}

/// One row of the table behind `:set` and `:show settings`.
struct SettingDescription: Sendable {
  let name: String
  let summary: String
  let placeholder: String
  let expectation: String
  let completion: Completer
  let read: @Sendable (isolated Session) -> String
  /// Applies the text, or gives nil when it is not a value of this setting.
  let write: @Sendable (isolated Session, String) -> Void?

  init<Value>(
    _ name: String, _ kind: ValueKind<Value>, _ summary: String,
    read: @escaping @Sendable (isolated Session) -> String,
    write: @escaping @Sendable (isolated Session, Value) -> Void
  ) {
    self.name = name
    self.summary = summary
    placeholder = kind.placeholder
    expectation = kind.expectation
    completion = kind.completion
    self.read = read
    self.write = { session, text in
      guard let value = kind.parse(text) else { return nil }
      return write(session, value)
    }
  }

  static let all: [SettingDescription] = [
    SettingDescription(
      "precision", ValueKind<Precision>.choice,
      "how matrix products multiply; `file` is as the weights are stored",
      read: { $0.settings.precision.rawValue }, write: { $0.settings.precision = $1 }),
    SettingDescription(
      "threads", .integer(1...1024), "threads that computations run on",
      read: { "\($0.runtime.threads)" }, write: { $0.runtime.setThreads($1) }),
    SettingDescription(
      "renderer", ValueKind<Settings.Renderer>.choice, "how pictures are drawn as characters",
      read: { $0.settings.renderer.rawValue }, write: { $0.settings.renderer = $1 }),
    SettingDescription(
      "color", ValueKind<Settings.Color>.choice, "colours that pictures may use",
      read: { $0.settings.color.rawValue }, write: { $0.settings.color = $1 }),
    SettingDescription(
      "budget", .integer(1...1 << 30, "PIXELS"), "pixels that a picture may decode to",
      read: { "\($0.settings.budget)" }, write: { $0.settings.budget = $1 }),
    SettingDescription(
      "memory", .integer(1...Int.max, "BYTES"),
      "bytes that `:plan` lets a ranking take; the machine's own at first",
      read: { "\($0.settings.memory)" }, write: { $0.settings.memory = $1 }),
  ]
}

extension Settings.Renderer {
  /// The characters to draw with, nil where the front end knows best.
  package var symbols: SymbolSet? {
    switch self {
    case .auto: nil
    case .ascii: .ascii
    case .blocks: .halfBlocks
    case .symbols: .symbols
    }
  }
}

extension Settings.Color {
  /// The colours to draw with, nil where the front end knows best.
  package var depth: ColorDepth? {
    switch self {
    case .auto: nil
    case .none: .monochrome
    case .ansi16: .named16
    case .ansi256: .indexed256
    case .truecolor: .trueColor
    }
  }
}
