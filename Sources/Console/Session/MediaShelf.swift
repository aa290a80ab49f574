import Engine
import Foundation

/// The media that the user has staged, by name, in the order of staging.
package struct MediaShelf: Sendable {
  /// What decoding said about a picture's file.
  struct Details: Sendable {
    let format: String
    let notes: [String]
  }

  package private(set) var pictures: [StagedPicture] = []
  private var details: [String: Details] = [:]

  package var names: [String] { pictures.map(\.name) }
  package var isEmpty: Bool { pictures.isEmpty }

  package subscript(name: String) -> StagedPicture? {
    let wanted = name.precomposedStringWithCanonicalMapping
    return pictures.first { $0.name == wanted }
  }

  mutating func add(_ picture: StagedPicture, _ details: Details) {
    pictures.append(picture)
    self.details[picture.name] = details
  }

  func details(of picture: StagedPicture) -> Details? { details[picture.name] }

  mutating func remove(_ name: String) {
    let wanted = name.precomposedStringWithCanonicalMapping
    pictures.removeAll { $0.name == wanted }
    details[wanted] = nil
  }

  mutating func removeAll() { self = MediaShelf() }

  /// A free name made from `wish`: NFC, everything but letters, numbers, `_` and `-` replaced
  /// by `-`, and a number behind it when it is taken. `all` is reserved.
  func freeName(for wish: String) -> String {
    let composed = wish.precomposedStringWithCanonicalMapping
    let allowed = composed.unicodeScalars.map { scalar -> Character in
      let keeps: Bool =
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
          .decimalNumber, .letterNumber, .otherNumber:
          true
        default:
          scalar == "_" || scalar == "-"
        }
      return keeps ? Character(scalar) : "-"
    }
    let name = allowed.isEmpty ? "picture" : String(allowed)
    let taken = Set(names + ["all"])
    guard taken.contains(name) else { return name }
    return (2...).lazy.map { "\(name)-\($0)" }.first { !taken.contains($0) } ?? name
  }
}
