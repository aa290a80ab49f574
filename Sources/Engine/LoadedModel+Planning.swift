import Media
import Models
import Tensors

/// What ranking some labels for some pictures would take, before anything is computed.
package struct RankPlan: Sendable {
  package struct Prompt: Sendable {
    package let text: String
    /// Ids, those of the ends included.
    package let tokens: Int
  }

  package struct Picture: Sendable {
    package let name: String
    /// Rows and columns of patches.
    package let rows: Int
    package let columns: Int
  }

  package let prompts: [Prompt]
  /// Ids that one text may have.
  package let textPositions: Int
  package let pictures: [Picture]
  /// The weights as they lie in the file, mapped.
  package let weightBytes: Int
  /// Copies of weights in the form that the precision multiplies.
  package let packedBytes: Int
  /// Activations of the widest batch, the pictures' pixels among them.
  package let activationBytes: Int
  /// The staged pictures, decoded.
  package let pictureBytes: Int

  /// An estimate from above.
  package var peakBytes: Int { weightBytes + packedBytes + activationBytes + pictureBytes }
}

extension LoadedModel {
  /// Counts tokens and patches and estimates memory; computes nothing.
  ///
  /// - Throws: ``EngineError`` when a prompt is too long.
  package func plan(
    _ request: RankRequest, precision: Precision
  ) throws(EngineError) -> RankPlan {
    var prompts: [RankPlan.Prompt] = []
    var positions: [Int] = []
    for label in request.labels {
      for template in request.templates {
        try checkInterrupt()
        let text = template.replacing("{}", with: label)
        let count: Int
        do { count = try bundle.tokenizer.encode(text).count } catch { throw .tokenizer(error) }
        // The same error that ranking would give.
        positions.append(try inputIDs(of: text).count)
        prompts.append(.init(text: text, tokens: count))
      }
    }
    var pictures: [RankPlan.Picture] = []
    for picture in request.pictures { pictures.append(try planned(picture)) }
    return RankPlan(
      prompts: prompts, textPositions: bundle.model.textPositions, pictures: pictures,
      weightBytes: bundle.bytes, packedBytes: packedBytes(precision),
      activationBytes: max(
        activationBytes(ofTexts: positions), activationBytes(of: pictures)),
      pictureBytes: request.pictures.reduce(0) { $0 + $1.bitmap.pixels.count })
  }

  private func packedBytes(_ precision: Precision) -> Int {
    switch precision {
    case .int8: bundle.parameters
    case .bf16 where bundle.elementType != .bf16: 2 * bundle.parameters
    case .file, .f32, .bf16: 0
    }
  }

  private func activationBytes(ofTexts positions: [Int]) -> Int {
    guard let longest = positions.max(), let tower = bundle.model.towers.first(where: { $0.grid == nil })
    else { return 0 }
    let total = min(
      positions.reduce(0, +), max(longest, LoadedModel.positionsPerBatch))
    return total * bytesPerPosition(tower)
  }

  private func activationBytes(of pictures: [RankPlan.Picture]) -> Int {
    guard let most = pictures.map({ $0.rows * $0.columns }).max(),
      let tower = bundle.model.towers.first(where: { $0.grid != nil })
    else { return 0 }
    let batch = min(pictures.count, LoadedModel.picturesPerBatch)
    return batch * (tower.prefix + most) * bytesPerPosition(tower)
  }

  private func planned(_ picture: StagedPicture) throws(EngineError) -> RankPlan.Picture {
    let own: PatchGrid?
    do {
      own = try bundle.imageProcessor.patchGrid(
        width: picture.bitmap.width, height: picture.bitmap.height)
    } catch { throw .media(error) }
    let usual = bundle.model.towers.first { $0.grid != nil }?.grid
    return RankPlan.Picture(
      name: picture.name, rows: own?.rows ?? usual?.rows ?? 0,
      columns: own?.columns ?? usual?.columns ?? 0)
  }

  /// What one position holds at most while a block is computed: the stream, its norm, queries,
  /// keys, values, the mixed heads and their projection, then the hidden layer before and after
  /// its activation; and as much again for buffers that wait to be used again.
  private func bytesPerPosition(_ tower: TowerDescription) -> Int {
    let width = tower.width > 0 ? tower.width : bundle.model.embeddingWidth
    let hidden = tower.hidden > 0 ? tower.hidden : 4 * width
    return 2 * (7 * width + 2 * hidden) * MemoryLayout<Float>.size
  }
}
