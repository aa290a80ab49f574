import Checkpoints
import Foundation
import Tensors

/// Everything that a run needs to go on as if it had never stopped, in one file.
struct TrainingState {
  var parameters: Parameters
  var means: Parameters
  var squares: Parameters
  var average: Parameters?
  var record: Record

  /// What is no tensor.
  struct Record: Codable {
    /// Steps done.
    var step: Int
    /// Computing time so far.
    var seconds: Double
    /// The recipe's settings and fingerprints of data and tokenizer, to tell whether it is the same
    /// run.
    var settings: [[String]]
    var data: String
    var tokenizer: String
    var history: LearningCurve
  }

  static let fileName = "training-state.safetensors"
  fileprivate static let key = "gaze.training"

  /// The file's tensors: what stands before each one's name, and those of that kind.
  private static let (weight, mean, square, mixed) = ("parameter.", "mean.", "square.", "average.")

  /// Written beside the earlier state, which it then replaces.
  func save(to folder: String) throws(TrainingError) {
    let path = FilePaths.joined(folder, TrainingState.fileName)
    let groups: [(String, Parameters?)] = [
      (TrainingState.weight, parameters), (TrainingState.mean, means),
      (TrainingState.square, squares), (TrainingState.mixed, average),
    ]
    let tensors = groups.flatMap { prefix, group in
      (group?.all ?? []).map { StoredTensor(prefix + $0.name, $0.tensor) }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text: String
    do { text = String(decoding: try encoder.encode(record), as: UTF8.self) } catch {
      throw .file(path: path, problem: "the run's record cannot be written: \(error)", remedy: nil)
    }
    do {
      try SafeTensorsWriter.write(tensors, metadata: [TrainingState.key: text], to: path)
    } catch {
      throw .checkpoint(error)
    }
  }
}

extension TrainingState {
  /// A saved state, of which the record has been read.
  struct File {
    let record: Record
    private let path: String
    private let store: WeightStore

    /// - Throws: ``TrainingError`` for a file that no run saved.
    init(in folder: String) throws(TrainingError) {
      path = FilePaths.joined(folder, TrainingState.fileName)
      do throws(CheckpointError) { store = try WeightStore(file: path) } catch {
        if case .cannotRead = error { throw .checkpoint(error) }
        throw TrainingState.unusable(path, "it is damaged or incomplete")
      }
      let metadata = store.files.first?.metadata
      guard let text = metadata?.first(where: { $0.key == TrainingState.key })?.value else {
        throw TrainingState.unusable(path, "it holds no training run")
      }
      do { record = try JSONDecoder().decode(Record.self, from: Data(text.utf8)) } catch {
        throw TrainingState.unusable(path, "its record of the run cannot be read: \(error)".escapedText)
      }
    }

    /// The whole state, copied out of the file, which the next one replaces.
    ///
    /// - Parameters:
    ///   - parameters: those of the model, whose names and shapes the file must have.
    ///   - steps: those of the schedule.
    ///   - isAveraged: whether the run keeps an average.
    /// - Throws: ``TrainingError`` naming what is missing, too much, misshapen or no number.
    func state(
      like parameters: Parameters, steps: Int, isAveraged: Bool, in context: ExecutionContext
    ) throws(TrainingError) -> TrainingState {
      guard (0...steps).contains(record.step) else {
        throw unusable("it says that \(record.step) of \(steps) steps are done")
      }
      guard (0..<1e12).contains(record.seconds), record.history.isPossible(after: record.step) else {
        throw unusable("what it says of the run's course cannot be")
      }
      let kinds = [TrainingState.weight, TrainingState.mean, TrainingState.square]
        + (isAveraged ? [TrainingState.mixed] : [])
      guard store.count == kinds.count * parameters.names.count else {
        throw unusable(
          "it has \(store.count) tensors, where \(kinds.count * parameters.names.count) should be")
      }
      func group(_ prefix: String) throws(TrainingError) -> Parameters {
        var tensors: [String: Tensor] = [:]
        for (name, like) in parameters.all {
          tensors[name] = try tensor(prefix + name, like.shape, in: context)
        }
        return Parameters(tensors)
      }
      return TrainingState(
        parameters: try group(TrainingState.weight), means: try group(TrainingState.mean),
        squares: try group(TrainingState.square),
        average: isAveraged ? try group(TrainingState.mixed) : nil, record: record)
    }

    private func tensor(
      _ name: String, _ shape: Shape, in context: ExecutionContext
    ) throws(TrainingError) -> Tensor {
      guard let entry = store.entry(name) else { throw unusable("it has no tensor \(name)") }
      guard entry.shape == shape, entry.elementType == .f32 else {
        throw unusable(
          "\(name) is \(entry.elementType.rawValue) \(entry.shape), where f32 \(shape) should be")
      }
      guard !context.cancellation.isCancelled else { throw .cancelled }
      let stored: Tensor
      do { stored = try store.tensor(name) } catch { throw .checkpoint(error) }
      let values = UnsafeBufferPointer(start: stored.floats, count: stored.elementCount)
      guard values.allSatisfy(\.isFinite) else { throw unusable("\(name) holds what is no number") }
      let copy = context.tensor(values, shape)
      store.release(stored)
      return copy
    }

    private func unusable(_ problem: String) -> TrainingError { TrainingState.unusable(path, problem) }
  }

  fileprivate static func unusable(_ path: String, _ problem: String) -> TrainingError {
    .file(path: path, problem: problem, remedy: "train into another folder, without resume")
  }
}
