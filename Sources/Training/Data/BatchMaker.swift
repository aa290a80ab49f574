import Media

/// What a batch consists of, as a pure function of seed and step: the same on any thread, and in a
/// run that was resumed.
struct BatchMaker: Sendable {
  let source: PictureSource
  let augmentation: AugmentationRecipe
  let choice: CaptionChoice
  let seed: UInt64
  /// Pairs in a batch.
  let size: Int

  /// One pair, but for the pixels.
  struct Pair: Sendable {
    var picture: Int
    var text: CaptionChoice.Text
  }

  /// Pictures that are tried for one place of a batch before the data is called unusable.
  private static let maximumAttempts = 1000

  /// Makes the pair at a place of the endless sequence, of this entry of an epoch. Where the picture
  /// cannot be decoded another one takes its place, drawn anew by the same seed and place.
  ///
  /// - Parameter out: `[3, S, S]`.
  func make(
    entry: Int, place: Int, with augmenter: Augmenter, into out: UnsafeMutablePointer<Float>
  ) throws(TrainingError) -> Pair {
    let catalogue = source.catalogue
    var index = Int(catalogue.entries[entry])
    var replacement = SplitMix(seed, RandomStream.replacement.rawValue, UInt64(place))
    for _ in 0..<Self.maximumAttempts {
      if let picture = source.picture(at: index) {
        var texts = SplitMix(seed, RandomStream.text.rawValue, UInt64(place))
        let captions = catalogue.pictures[index].captions
        if let text = choice.draw(from: captions, using: &texts) {
          var changes = SplitMix(seed, RandomStream.augmentation.rawValue, UInt64(place))
          var augmentation = augmentation
          if !catalogue.pictures[index].canMirror { augmentation.flip = 0 }
          augmenter.render(picture, augmentation, using: &changes, into: out)
          return Pair(picture: index, text: text)
        }
      }
      index = Int(catalogue.entries[replacement.index(below: catalogue.entries.count)])
    }
    let first = Int(catalogue.entries[entry])
    let problem = source.problem(at: first).map { " (\($0))" } ?? ""
    throw .data(
      path: catalogue.pictures[first].location.description,
      problem: "neither this picture\(problem) nor any of \(Self.maximumAttempts) others can be used",
      remedy: "name sources with pictures that can be decoded")
  }
}
