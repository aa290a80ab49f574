import Checkpoints
import Foundation
import JSONDocuments

/// What a checkpoint's README.md says of it: where it comes from, how it was trained, what was
/// measured, how to load it.
package struct ModelCard: Sendable {
  package var name: String
  /// As the recipe words it.
  package var licence: String?
  /// Codes such as `en`.
  package var languages: [String] = []
  package var notes: String?
  package var sources: [Source] = []
  package var parameters = 0
  package var imageSize = 0
  package var steps = 0
  package var batch = 0
  package var seconds = 0.0
  package var curve: [LearningCurve.Point] = []
  package var heldOut: HeldOutAccuracy?
  /// Whether it learned each pair by itself, with a bias that transformers has no place for.
  package var hasLogitBias = false
  /// A template to show the use of, `{}` standing for a label.
  package var template: String?
  /// The recipe file, word by word.
  package var recipe = ""

  /// Where captioned pictures came from.
  package struct Source: Sendable, Equatable {
    package var name: String
    package var pictures: Int
    package var captions: Int
    package var licence: String?

    package init(name: String, pictures: Int, captions: Int, licence: String? = nil) {
      self.name = name
      self.pictures = pictures
      self.captions = captions
      self.licence = licence
    }
  }

  package init(name: String) { self.name = name }

  /// The whole file.
  package var text: String {
    let sections: [String?] = [
      frontMatter, "# \(name.inMarkdown)", summary, notes, use, sourceTable, accuracy, curveTable,
      recipeBlock,
    ]
    return sections.compactMap(\.self).joined(separator: "\n\n") + "\n"
  }
}

// MARK: Front matter

extension ModelCard {
  private var frontMatter: String {
    var lines = licenceLines
    lines.append("library_name: \(hasLogitBias ? "gaze" : "transformers")")
    lines.append("pipeline_tag: zero-shot-image-classification")
    if !languages.isEmpty {
      // Quoted, because one of them is `no`.
      lines.append("language: [" + languages.map(\.asYAML).joined(separator: ", ") + "]")
    }
    lines.append("tags: [clip, contrastive, zero-shot, gaze]")
    return "---\n" + lines.joined(separator: "\n") + "\n---"
  }

  private static let knownLicences: Set<String> = [
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "cc0-1.0", "cc-by-3.0",
    "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-2.0",
    "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "ofl-1.1", "odbl",
  ]

  /// The Hub knows licences by name; any other is `other` with a name of its own.
  private var licenceLines: [String] {
    guard let licence else { return [] }
    let name = licence.lowercased().split(separator: " ").joined(separator: "-")
    if ModelCard.knownLicences.contains(name) { return ["license: \(name)"] }
    return ["license: other", "license_name: \(licence.asYAML)"]
  }
}

// MARK: Sections

extension ModelCard {
  private var summary: String {
    var text = "A CLIP for pictures of \(imageSize) × \(imageSize) pixels with "
      + "\(parameters.grouped) parameters, trained by Gaze from the recipe below: "
      + "\(steps.grouped) steps of \(batch.grouped) pairs, "
      + "\(ModelCard.duration(seconds)) of computing."
    if let licence { text += " Licence: \(licence.inMarkdown)." }
    return text
  }

  private static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<120: "\(Int(seconds.rounded())) seconds"
    case ..<7200: "\(Int((seconds / 60).rounded())) minutes"
    default: String(format: "%.1f hours", seconds / 3600)
    }
  }

  private var use: String {
    let gaze = """
      ## Use

      In Gaze, with this folder's path:

      ```
      :load path/to/this/folder
      :image picture.png
      :rank apple | car | house template=\((template ?? "{}").asYAML)
      ```
      """
    return gaze + "\n\n" + (hasLogitBias ? sigmoidUse : softmaxUse)
  }

  private var softmaxUse: String {
    """
    In transformers:

    ```python
    from PIL import Image
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained("path/to/this/folder")
    processor = AutoProcessor.from_pretrained("path/to/this/folder")
    inputs = processor(
        text=["apple", "car", "house"], images=Image.open("picture.png"), return_tensors="pt",
        padding=True, truncation=True)
    print(model(**inputs).logits_per_image.softmax(-1))
    ```
    """
  }

  private var sigmoidUse: String {
    """
    It learned with the sigmoid loss (Zhai et al. 2023), whose `logit_bias` is in the file and has no
    place in transformers' `CLIPModel`. That class loads the folder with a warning and computes the
    same embeddings; its `logits_per_image` lack the bias, and a softmax over them is not what was
    learned. The probability of a label is σ(exp(logit_scale) · cosine + logit_bias), which is what
    Gaze computes.
    """
  }

  private var sourceTable: String? {
    guard !sources.isEmpty else { return nil }
    let rows = sources.map { source in
      [
        source.name.inMarkdown, source.pictures.grouped, source.captions.grouped,
        source.licence?.inMarkdown ?? "not said",
      ]
    }
    return "## Data\n\n" + ModelCard.table(["source", "pictures", "captions", "licence"], rows)
  }

  private var accuracy: String? {
    guard let heldOut else { return nil }
    let languages = heldOut.byLanguage.sorted { $0.key < $1.key }
    let rows = [["all", heldOut.top1.percent, heldOut.top5.percent]]
      + languages.map { [$0.key.inMarkdown, $0.value.top1.percent, $0.value.top5.percent] }
    return """
      ## Accuracy

      Zero-shot on \(heldOut.pictures.grouped) pictures that training did not see, among \
      \(heldOut.labels.grouped) labels, after step \(heldOut.step.grouped):

      """ + "\n" + ModelCard.table(["language", "top-1", "top-5"], rows)
  }

  /// Rows of the table, and marks of the line, that a curve is thinned out to.
  private static let (rowCount, markCount) = (20, 60)

  private var curveTable: String? {
    guard !curve.isEmpty else { return nil }
    let rows = ModelCard.thinned(curve, to: ModelCard.rowCount).map { point in
      [
        point.step.grouped, String(format: "%.4f", point.loss), point.batchAccuracy.percent,
        String(format: "%.2e", point.learningRate),
      ]
    }
    return "## Course\n\nLoss from first to last step: `\(lossLine)`\n\n"
      + ModelCard.table(["step", "loss", "right in its batch", "learning rate"], rows)
  }

  /// The loss as a line of blocks, the highest for the greatest.
  private var lossLine: String {
    let losses = ModelCard.thinned(curve, to: ModelCard.markCount).map(\.loss).filter(\.isFinite)
    guard let least = losses.min(), let greatest = losses.max() else { return "" }
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(
      losses.map { loss in
        let height = greatest > least ? (loss - least) / (greatest - least) : 0
        return blocks[Int((height * Double(blocks.count - 1)).rounded())]
      })
  }

  /// At most `count` of the points, evenly spread, the first and last among them.
  private static func thinned(_ points: [LearningCurve.Point], to count: Int) -> [LearningCurve.Point] {
    guard points.count > count else { return points }
    return (0..<count).map { points[$0 * (points.count - 1) / (count - 1)] }
  }

  private var recipeBlock: String {
    // A fence that nothing in the recipe can end.
    let longest = recipe.split { $0 != "`" }.map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: max(3, longest + 1))
    let text = recipe.hasSuffix("\n") ? recipe : recipe + "\n"
    return "## Recipe\n\n\(fence)yaml\n\(text)\(fence)"
  }

  private static func table(_ head: [String], _ rows: [[String]]) -> String {
    let lines = [head, head.indices.map { $0 == 0 ? "---" : "---:" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}

extension Int {
  /// `1,234,567`.
  fileprivate var grouped: String {
    var digits = Array(String(magnitude))
    for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
    return (self < 0 ? "-" : "") + String(digits)
  }
}

extension Double {
  fileprivate var percent: String { String(format: "%.1f %%", 100 * self) }
}

extension String {
  /// On one line, with nothing that Markdown takes for a mark of its own.
  fileprivate var inMarkdown: String {
    escapedText.map { "\\`*_[]<>|#".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  }

  /// Between quotation marks: every JSON string is one of YAML.
  fileprivate var asYAML: String { JSONValue.string(self).text() }
}
