import Testing

@testable import Training

@Suite struct ModelCardTests {
  private static func card() -> ModelCard {
    var card = ModelCard(name: "emoji | clip")
    card.licence = "CC BY-SA 4.0"
    card.languages = ["en", "no"]
    card.notes = "Drawn by *hand*."
    card.sources = [
      .init(name: "noto.jsonl", pictures: 1368, captions: 12_345, licence: "OFL-1.1"),
      .init(name: "a|b\n\u{1b}[2J", pictures: 1, captions: 2),
    ]
    (card.parameters, card.imageSize, card.steps, card.batch) = (5_512_345, 64, 2000, 256)
    card.seconds = 4500
    card.curve = (1...500).map {
      .init(
        step: $0, loss: 5.5 - Double($0) / 100, batchAccuracy: Double($0) / 1000,
        learningRate: 1e-3, logitScale: 20)
    }
    card.heldOut = HeldOutAccuracy(
      step: 2000, pictures: 1085, labels: 1377, top1: 0.104, top5: 0.292,
      byLanguage: ["en": .init(top1: 0.2, top5: 0.3)])
    card.template = "an \"emoji\" of {}"
    card.recipe = fullRecipe
    return card
  }

  @Test func beginsWithWhatTheHubReads() {
    #expect(
      Self.card().text.hasPrefix(
        """
        ---
        license: cc-by-sa-4.0
        library_name: transformers
        pipeline_tag: zero-shot-image-classification
        language: ["en", "no"]
        tags: [clip, contrastive, zero-shot, gaze]
        ---

        # emoji \\| clip

        A CLIP for pictures of 64 × 64 pixels with 5,512,345 parameters, trained by Gaze from the \
        recipe below: 2,000 steps of 256 pairs, 75 minutes of computing. Licence: CC BY-SA 4.0.

        Drawn by *hand*.

        ## Use
        """))
    var card = ModelCard(name: "x")
    #expect(card.text.hasPrefix("---\nlibrary_name: transformers\n"))
    card.licence = "mine: \"all\" of it"
    #expect(
      card.text.hasPrefix("---\nlicense: other\nlicense_name: \"mine: \\\"all\\\" of it\"\n"))
  }

  @Test func tellsDataAccuracyAndCourse() {
    let text = Self.card().text
    #expect(text.contains("| noto.jsonl | 1,368 | 12,345 | OFL-1.1 |"))
    #expect(text.contains("| a\\|b\\\\u{a}\\\\u{1b}\\[2J | 1 | 2 | not said |"))
    #expect(text.contains("on 1,085 pictures that training did not see, among 1,377 labels"))
    #expect(text.contains("| all | 10.4 % | 29.2 % |\n| en | 20.0 % | 30.0 % |"))
    #expect(text.contains("| 1 | 5.4900 | 0.1 % | 1.00e-03 |"))
    #expect(text.contains("| 500 | 0.5000 | 50.0 % | 1.00e-03 |"))
    #expect(text.components(separatedBy: " | 1.00e-03 |").count - 1 == 20)
    let line = text.split(separator: "\n").first { $0.hasPrefix("Loss from first") }
    let marks = line?.filter { "▁▂▃▄▅▆▇█".contains($0) } ?? ""
    #expect(marks.count == 60 && marks.first == "█" && marks.last == "▁")
    #expect(text.contains(#":rank apple | car | house template="an \"emoji\" of {}""#))
  }

  @Test func leavesOutWhatIsNotKnown() {
    let text = ModelCard(name: "x").text
    for title in ["## Data", "## Accuracy", "## Course", "language:", "license"] {
      #expect(!text.contains(title), "\(title)")
    }
    #expect(text.contains("## Use") && text.contains("## Recipe"))
  }

  @Test func aCurveThatIsFlatOrBrokenIsDrawn() {
    var card = ModelCard(name: "x")
    card.curve = [.init(step: 1, loss: 2, batchAccuracy: 0, learningRate: 0, logitScale: 20)]
    #expect(card.text.contains("last step: `▁`"))
    card.curve.append(.init(step: 2, loss: .nan, batchAccuracy: 0, learningRate: 0, logitScale: 20))
    #expect(card.text.contains("last step: `▁`"))
  }

  @Test func repeatsTheRecipeWordByWord() {
    #expect(Self.card().text.hasSuffix("## Recipe\n\n```yaml\n\(fullRecipe)\n```\n"))
    var card = ModelCard(name: "x")
    card.recipe = "notes: |\n  ````\n  ends\n"
    #expect(card.text.hasSuffix("\n\n`````yaml\nnotes: |\n  ````\n  ends\n`````\n"))
  }

  @Test func saysWhatTransformersCannotHold() {
    var card = ModelCard(name: "x")
    #expect(card.text.contains("AutoProcessor") && !card.text.contains("logit_bias"))
    card.hasLogitBias = true
    #expect(!card.text.contains("AutoProcessor") && card.text.contains("`logit_bias`"))
    #expect(card.text.contains("library_name: gaze\n"))
  }
}
