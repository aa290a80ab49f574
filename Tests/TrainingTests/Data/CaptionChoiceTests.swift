import Testing

@testable import Training

struct CaptionChoiceTests {
  private let captions: [CaptionedPictures.Caption] = [
    .init("dog", language: "en"), .init("hound", language: "en"), .init("puppy", language: "en"),
    .init("개", language: "ko"),
  ]

  /// How often each text comes up in 10,000 draws.
  private func draws(
    _ choice: CaptionChoice, _ captions: [CaptionedPictures.Caption]
  ) -> [String: Int] {
    var counts: [String: Int] = [:]
    for place in 0..<10_000 {
      var generator = SplitMix(1, UInt64(place))
      counts[choice.draw(from: captions, using: &generator)?.text ?? "nothing", default: 0] += 1
    }
    return counts
  }

  private func expect(_ counts: [String: Int], near expected: [String: Int]) {
    #expect(Set(counts.keys) == Set(expected.keys))
    for (text, count) in expected { #expect(abs(counts[text, default: 0] - count) < 200, "\(text)") }
  }

  @Test func languagesComeUpAsOftenAsTheyHaveCaptions() {
    // The first of several captions takes half, the others share the rest.
    expect(draws(CaptionChoice(), captions), near: ["dog": 3750, "hound": 1875, "puppy": 1875, "개": 2500])
  }

  @Test func weightsDecideAmongTheLanguagesThatThereAre() {
    let choice = CaptionChoice(languages: ["en": 1, "ko": 3, "fr": 10])
    expect(draws(choice, captions), near: ["dog": 1250, "hound": 625, "puppy": 625, "개": 7500])
  }

  @Test func unlistedLanguagesAreNotDrawn() {
    let choice = CaptionChoice(languages: ["ko": 1])
    #expect(draws(choice, captions) == ["개": 10_000])
    #expect(choice.canDraw(from: captions))
    #expect(!choice.canDraw(from: [.init("dog", language: "en")]))
    #expect(draws(choice, [.init("dog", language: "en")]) == ["nothing": 10_000])
  }

  @Test func captionsWithoutALanguageStandInWhereNothingElseIs() {
    let choice = CaptionChoice(languages: ["ko": 1])
    #expect(draws(choice, [.init("dog")]) == ["dog": 10_000])
    #expect(draws(choice, [.init("dog"), .init("개", language: "ko")]) == ["개": 10_000])
    let weighed = CaptionChoice(languages: ["ko": 1, "": 0])
    #expect(draws(weighed, [.init("dog")]) == ["nothing": 10_000])
  }

  @Test func templatesFollowTheLanguage() {
    let choice = CaptionChoice(templates: ["en": ["a {}", "the {}"], "": ["<{}>"]])
    expect(draws(choice, [.init("dog", language: "en")]), near: ["a dog": 5000, "the dog": 5000])
    #expect(draws(choice, [.init("개", language: "ko")]) == ["<개>": 10_000])
    #expect(draws(CaptionChoice(templates: ["en": ["a {}"]]), [.init("dog")]) == ["dog": 10_000])
  }

  @Test func bracesInCaptionsStay() {
    #expect(CaptionChoice.fill("{} and {}", with: "{}") == "{} and {}")
    #expect(CaptionChoice.fill("{ } {", with: "x") == "{ } {")
    #expect(CaptionChoice.fill("사진: {}.", with: "🐈‍⬛") == "사진: 🐈‍⬛.")
  }
}
