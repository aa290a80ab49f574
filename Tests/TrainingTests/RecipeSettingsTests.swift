import Media
import Testing

@testable import Training

@Suite struct RecipeSettingsTests {
  /// Keys whose values change no number of a run.
  private static let unseen = [
    "name", "workers", "cache", "folder", "save-every", "licence", "notes",
  ]

  /// Another valid value for every key of the full recipe with one.
  private static func other(_ key: String, _ value: String) -> String {
    switch (key, value) {
    case ("precision", _): "bf16"
    case ("activation", _): "relu"
    case ("background", _): "white"
    case ("kind", _): "sigmoid"
    case ("dtype", _): "f16"
    case ("checkpoint-activations", _): "false"
    case ("area", _): "[0.5, 1.25]"
    case ("betas", _): "[0.85, 0.96]"
    case ("templates", _): "[\"{}\"]"
    case ("repeats", _), ("workers", _): "3"
    case ("image-size", _): "112"
    case ("patch-size", _): "8"
    case ("width", _): "320"
    case ("heads", _): "2"
    case ("cache", _): "65 MB"
    case ("average", _): "0.99"
    case ("chunk", _): "32"
    case ("notes", _): "|\n    And"
    case ("learning-rate", _), ("epsilon", _): "1e-2"
    case (_, let value) where Double(value) != nil: "\(value)1"
    default: "\(value)2"
    }
  }

  @Test func everySettingChangesTheFingerprintAndNothingElseDoes() throws {
    var seen = 0
    for (line, key, value) in RecipeRefusalTests.keys where !value.isEmpty {
      // The other loss takes no smoothing.
      let text = key == "kind" ? try fullRecipe(with: "g: 0", for: "g: 0.01").text : fullRecipe
      let original = try recipe(text)
      var lines = text.split(separator: "\n").map(String.init)
      lines[line - 1] = lines[line - 1].replacing(
        ": \(value)", with: ": \(Self.other(key, value))")
      let changed = try recipe(lines.joined(separator: "\n"))
      #expect(changed != original, "\(lines[line - 1])")
      let keys = changed.keys(differingFrom: original.settings)
      if Self.unseen.contains(key) {
        #expect(changed.fingerprint == original.fingerprint, "\(lines[line - 1])")
        #expect(keys == [])
      } else {
        seen += 1
        #expect(changed.fingerprint != original.fingerprint, "\(lines[line - 1])")
        let place = key == "path" || key == "repeats" ? "data.sources[1]" : key
        #expect(keys.count == 1 && keys[0].contains(place), "\(keys) for \(lines[line - 1])")
      }
    }
    #expect(seen == 55)
  }

  @Test func settingsAreOfOneLineAndDiffer() throws {
    let settings = try recipe(fullRecipe).settings
    #expect(Set(settings.map(\.key)).count == settings.count)
    #expect(settings.allSatisfy { !$0.value.contains("\n") && !$0.key.contains("\n") })
    #expect(settings.contains { $0 == ("data.templates.en", #"["{}", "an emoji of {}"]"#) })
    let tricky = ["[a, b]", #"["a\", \"b"]"#, #"["a", "b", "c"]"#].map {
      try? recipe(shortRecipe.replacing("[pairs.tsv]", with: $0)).fingerprint
    }
    #expect(Set(tricky).count == 3 && !tricky.contains(nil))
  }

  /// Saved states hold the settings: another rendering would make every one of them stale.
  @Test func theFingerprintStaysTheSame() throws {
    let fingerprint = try recipe(fullRecipe).fingerprint
    #expect(
      fingerprint == "3f14ea8619ebbee7c670f2e60f842cbd828e79adc404facdb03a54b6c2ba939d")
    let defaults = try recipe(shortRecipe)
    #expect(defaults.fingerprint == (try recipe(shortRecipe + "seed: 0 # said\n")).fingerprint)
  }

  @Test func namesWhatWasTakenOutAndAdded() throws {
    let full = try recipe(fullRecipe)
    let (text, _) = try fullRecipe(with: "tokenizer: a.json\n#", for: "tokenizer:")
    let other = text.replacing("  vocabulary: 6000\n  minimum-count: 3\n", with: "")
    #expect(
      try recipe(other).keys(differingFrom: full.settings)
        == ["tokenizer", "tokenizer.vocabulary", "tokenizer.minimum-count"])
  }
}

extension Recipe {
  /// All settings in one word.
  fileprivate var fingerprint: String {
    let lines = settings.map { "\($0.key)=\($0.value)\n" }
    return ContentHash(of: Array(lines.joined().utf8)).hexadecimal
  }
}
