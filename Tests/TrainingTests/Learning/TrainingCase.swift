import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Checkpoints
@testable import Models
@testable import Tensors
@testable import Training

/// The model, the batch and the numbers of the fixture `clip-training`.
struct TrainingCase {
  /// What the fixture asks for.
  enum Question: String, CaseIterable, Sendable {
    case softmax, smoothed, sigmoid

    var loss: LossRecipe {
      var recipe = LossRecipe()
      recipe.kind = self == .sigmoid ? .sigmoid : .softmax
      recipe.labelSmoothing = self == .smoothed ? 0.1 : 0
      return recipe
    }
  }

  let fixture: Fixture
  let expected: [String: ExpectedTensor]
  let context: ExecutionContext
  let configuration: CLIPConfiguration
  let parameters: Parameters

  init(
    _ table: String = KernelTable.available[0].name, _ precision: Precision = .f32,
    pool: ThreadPool = TrainingCase.pool
  ) throws {
    fixture = try Fixture("clip-training")
    expected = try fixture.expected()
    context = ExecutionContext(
      kernels: try #require(KernelTable.named(table)), pool: pool, precision: precision)
    let text = Array(try Data(contentsOf: URL(filePath: fixture.path("config.json"))))
    configuration = try CLIPConfiguration(JSONDocument(bytes: text, source: "config.json").root)
    let store = try WeightStore(file: fixture.path("model.safetensors"))
    var tensors: [String: Tensor] = [:]
    for name in store.names {
      let stored = try store.tensor(name)
      tensors[name] = context.tensor(try context.contiguous(stored).array, stored.shape)
    }
    parameters = Parameters(tensors)
  }

  static let tables = KernelTable.available.map(\.name)
  /// Whoever finds it busy computes alone.
  static let pool = ThreadPool(threadCount: 2)

  func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }

  func integers(_ key: String) throws -> [Int] { try #require(expected[key], "\(key)").integers }

  /// The ids of each text, padded to the tower's length.
  func paddedTexts() throws -> [[Int]] {
    let (ids, length) = (try integers("base/input/input_ids"), configuration.text.positions)
    return stride(from: 0, to: ids.count, by: length).map { Array(ids[$0..<$0 + length]) }
  }

  /// Some pairs of the batch, all by default, as a run would make them of these ids.
  func batch(_ rows: [Int]? = nil) throws -> PairBatch {
    let (texts, groups) = (try paddedTexts(), try integers("base/input/groups"))
    let rows = rows ?? Array(texts.indices)
    let side = configuration.vision.imageSize
    let (values, size) = (try floats("base/input/pixel_values"), 3 * side * side)
    let pixels = rows.flatMap { values[$0 * size..<($0 + 1) * size] }
    return PairBatch(
      pixels: context.tensor(pixels, [rows.count, 3, side, side]),
      texts: rows.map { configuration.text.inputIDs(from: texts[$0]) },
      groups: PairEncoder.groups(rows.map { groups[$0] }, texts: rows.map { "\(texts[$0])" }))
  }

  func learner(
    _ question: Question = .softmax, optimizer: OptimizerRecipe = OptimizerRecipe(),
    chunk: Int? = nil
  ) throws -> ContrastiveLearner {
    var (configuration, parameters) = (configuration, parameters)
    if question == .sigmoid {
      configuration.hasLogitBias = true
      var tensors = Dictionary(uniqueKeysWithValues: parameters.all.map { ($0.name, $0.tensor) })
      tensors["logit_bias"] = context.tensor(try floats("sigmoid/input/logit_bias"), [])
      parameters = Parameters(tensors)
    }
    return ContrastiveLearner(
      configuration: configuration, loss: question.loss, chunk: chunk, parameters: parameters,
      optimizer: try AdamW(optimizer, of: parameters, in: context))
  }

  /// `values`, tensor by tensor of `parameters`, one after another in the order of their names.
  func cut(_ values: [Float], like parameters: Parameters) throws -> [String: [Float]] {
    try #require(values.count == parameters.count)
    var (parts, start): ([String: [Float]], Int) = ([:], 0)
    for (name, tensor) in parameters.all {
      parts[name] = Array(values[start..<start + tensor.elementCount])
      start += tensor.elementCount
    }
    return parts
  }
}

extension Parameters {
  /// Every number of every tensor, in the order of their names.
  var flattened: [Float] { all.flatMap(\.tensor.array) }
}

func greatest(_ values: [Float]) -> Float { values.reduce(0) { max($0, $1.magnitude) } }

/// Of two vectors.
func cosine(_ a: [Float], _ b: [Float]) -> Double {
  func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}
