/// Draws the text that stands beside a picture in one step.
///
/// A language is drawn by weight among those that the picture has, then a caption, then a template.
/// The first caption of a language is its name for the picture: where there are several it comes up
/// half of the time, and the others share the rest.
package struct CaptionChoice: Sendable {
  /// How often each language is drawn; empty: as often as it has captions. Languages that are not
  /// listed are never drawn. Captions that do not say their language count as `""`, and are drawn
  /// without being listed where a picture has nothing else.
  package let languages: [String: Double]
  /// By language, or under `""` for those without their own; `{}` stands for the caption.
  package let templates: [String: [String]]

  package init(languages: [String: Double] = [:], templates: [String: [String]] = [:]) {
    self.languages = languages
    self.templates = templates
  }

  package init(_ recipe: DataRecipe) {
    self.init(languages: recipe.languages, templates: recipe.templates)
  }

  /// A text, and the language it was drawn in.
  package struct Text: Sendable, Equatable {
    package var text: String
    package var language: String
  }

  /// Nil when no caption is in a language that is drawn.
  package func draw(
    from captions: [CaptionedPictures.Caption], using generator: inout SplitMix
  ) -> Text? {
    // Three numbers, whatever is chosen.
    let (first, second, third) = (generator.unit(), generator.unit(), generator.unit())
    let weights = weights(of: captions)
    let total = weights.reduce(0) { $0 + $1.weight }
    guard total > 0, var language = weights.last(where: { $0.weight > 0 })?.language else { return nil }
    var left = first * total
    for candidate in weights {
      left -= candidate.weight
      if left < 0 {
        language = candidate.language
        break
      }
    }
    let texts = captions.filter { $0.language == language }
    let caption = texts[Self.place(second, among: texts.count)].text
    return Text(text: filled(caption, language: language, at: third), language: language)
  }

  /// Whether there is a caption that ``draw(from:using:)`` may choose.
  package func canDraw(from captions: [CaptionedPictures.Caption]) -> Bool {
    weights(of: captions).contains { $0.weight > 0 }
  }

  /// The languages of some captions, in order of appearance.
  private func weights(
    of captions: [CaptionedPictures.Caption]
  ) -> [(language: String, weight: Double)] {
    var found: [(language: String, weight: Double)] = []
    for caption in captions {
      if let known = found.firstIndex(where: { $0.language == caption.language }) {
        found[known].weight += 1
      } else {
        found.append((caption.language, 1))
      }
    }
    guard !languages.isEmpty else { return found }
    let hasListed = found.contains { languages[$0.language, default: 0] > 0 }
    return found.map { candidate in
      let isAlone = candidate.language.isEmpty && languages[""] == nil && !hasListed
      return (candidate.language, isAlone ? 1 : max(languages[candidate.language, default: 0], 0))
    }
  }

  /// The first place with probability 1/2 where there are several.
  private static func place(_ unit: Double, among count: Int) -> Int {
    guard count > 1, unit >= 0.5 else { return 0 }
    return min(1 + Int((unit - 0.5) * 2 * Double(count - 1)), count - 1)
  }

  private func filled(_ caption: String, language: String, at unit: Double) -> String {
    guard let choices = templates[language] ?? templates[""], !choices.isEmpty else { return caption }
    let template = choices[min(Int(unit * Double(choices.count)), choices.count - 1)]
    return Self.fill(template, with: caption)
  }

  /// Every `{}` replaced in one pass, so that braces in the caption stay what they are.
  package static func fill(_ template: String, with caption: String) -> String {
    var result: [UInt8] = []
    let bytes = Array(template.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "{"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "}") {
        result.append(contentsOf: caption.utf8)
        index += 2
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
