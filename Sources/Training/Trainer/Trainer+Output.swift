import Checkpoints
import Foundation
import Media
import Models
import Tokenizers

// What a run writes, and where.

extension Trainer {
  func save() throws(TrainingError) {
    try TrainingState(
      parameters: learner.parameters, means: learner.optimizer.means,
      squares: learner.optimizer.squares, average: learner.optimizer.average, record: record
    ).save(to: folder)
    isSaved = true
  }

  /// The weights, or their average, as a checkpoint that Gaze and transformers load.
  func export() throws(TrainingError) {
    try checkpoint.write(
      (learner.optimizer.average ?? learner.parameters).all, card: card, to: folder)
  }

  /// The folder's files but for weights and card.
  var checkpoint: CLIPFolder {
    let (start, end) = (BytePairTrainer.startOfText, BytePairTrainer.endOfText)
    func token(_ text: String) -> CLIPFolder.TokenizerText.Token {
      CLIPFolder.TokenizerText.Token(text, id: Int(tokenizer.tokenizer.id(ofToken: text) ?? 0))
    }
    return CLIPFolder(
      configuration: learner.configuration,
      tokenizer: CLIPFolder.TokenizerText(
        json: tokenizer.json, start: token(start), end: token(end)),
      dtype: recipe.output.dtype, temperature: recipe.loss.temperature,
      mean: normalization.mean, deviation: normalization.deviation)
  }

  private var card: ModelCard {
    var card = ModelCard(name: recipe.name)
    card.licence = recipe.output.licence
    card.notes = recipe.output.notes
    card.languages = Set(
      source.catalogue.pictures.flatMap { $0.captions.map(\.language) }
    ).filter { !$0.isEmpty }.sorted()
    card.sources = source.catalogue.sources.map {
      ModelCard.Source(name: $0.path, pictures: $0.pictures, captions: $0.captions)
    }
    card.parameters = learner.parameters.count
    card.imageSize = learner.configuration.vision.imageSize
    (card.steps, card.batch, card.seconds) = (record.step, recipe.schedule.batch, record.seconds)
    card.curve = record.history.points
    card.heldOut = heldOut
    card.hasLogitBias = learner.configuration.hasLogitBias
    card.template = recipe.evaluation?.templates.values.flatMap(\.self).min()
    card.recipe = file.text
    return card
  }
}

// MARK: The folder

extension Trainer {
  func createFolder() throws(TrainingError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .file(
        path: folder, problem: "it cannot be made: \(error.localizedDescription)",
        remedy: "name another place under output.folder")
    }
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw .file(
        path: folder, problem: "nothing can be written into it",
        remedy: "name another place under output.folder")
    }
  }

  /// Takes back what ``createFolder()`` did for a run that came to nothing.
  func removeEmptyFolder() { _ = rmdir(folder) }

  /// Refuses to write over what a run left, or anything else, unless that is to go on.
  static func checkOutput(_ folder: String, resumes: Bool) throws(TrainingError) {
    let state = FilePaths.joined(folder, TrainingState.fileName)
    if resumes {
      guard FileManager.default.fileExists(atPath: state) else {
        throw .file(
          path: folder, problem: "there is no saved run in it", remedy: "train without resume")
      }
      return
    }
    guard FileManager.default.fileExists(atPath: folder) else { return }
    let found: [String]
    do { found = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw .file(
        path: folder, problem: "it is no folder that can be read: \(error.localizedDescription)",
        remedy: "name another place under output.folder")
    }
    guard found.isEmpty else {
      let isRun = found.contains(TrainingState.fileName)
      throw .file(
        path: folder, problem: isRun ? "a run was saved in it" : "it is not empty",
        remedy: (isRun ? "go on with resume, or name" : "name")
          + " another place under output.folder")
    }
  }

  // MARK: Whether it is the same run

  static func check(
    _ saved: [[String]], _ recipe: Recipe, _ path: String
  ) throws(TrainingError) {
    let earlier = saved.compactMap { $0.count == 2 ? (key: $0[0], value: $0[1]) : nil }
    let changed = recipe.keys(differingFrom: earlier)
    guard changed.isEmpty else {
      throw .recipe(
        file: path, line: nil,
        problem: "the saved run had other settings: \(changed.joined(separator: ", "))".escapedText,
        remedy: "restore them, or train into another folder")
    }
  }

  static func check(
    _ saved: TrainingState.Record, against fresh: TrainingState.Record, _ path: String
  ) throws(TrainingError) {
    for (what, isSame) in [
      ("pictures or captions", saved.data == fresh.data),
      ("words in its tokenizer", saved.tokenizer == fresh.tokenizer),
    ] where !isSame {
      throw .data(
        path: path, problem: "the saved run had other \(what)",
        remedy: "restore them, or train into another folder")
    }
  }
}
