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
    /// The recipe's settings and the data's fingerprint, to tell whether it is the same run.
    var settings: [[String]]
    var data: String
    var history: LearningCurve
  }

  static let fileName = "training-state.safetensors"
  private static let key = "gaze.training"

  /// Written beside the earlier state, which it then replaces.
  func save(to folder: String) throws(TrainingError) {
    let path = FilePaths.joined(folder, TrainingState.fileName)
    let groups: [(String, Parameters?)] = [
      ("parameter.", parameters), ("mean.", means), ("square.", squares), ("average.", average),
    ]
    let tensors = groups.flatMap { prefix, group in
      (group?.all ?? []).map { StoredTensor(prefix + $0.name, $0.tensor) }
    }
    let text: String
    do { text = String(decoding: try JSONEncoder().encode(record), as: UTF8.self) } catch {
      throw .file(path: path, problem: "the run's record cannot be encoded", remedy: nil)
    }
    do {
      try SafeTensorsWriter.write(tensors, metadata: [TrainingState.key: text], to: path)
    } catch {
      throw .checkpoint(error)
    }
  }

  /// - Throws: ``TrainingError/file(path:problem:remedy:)`` for a file that no run saved.
  init(from folder: String, in context: ExecutionContext) throws(TrainingError) {
    let path = FilePaths.joined(folder, TrainingState.fileName)
    let store: WeightStore
    do { store = try WeightStore(file: path) } catch { throw .checkpoint(error) }
    guard
      let text = store.files.first?.metadata.first(where: { $0.key == TrainingState.key })?.value,
      let record = try? JSONDecoder().decode(Record.self, from: Data(text.utf8))
    else {
      throw .file(
        path: path, problem: "it holds no training run",
        remedy: "remove it and train without resume")
    }
    self.record = record
    var groups: [String: [String: Tensor]] = [:]
    for name in store.names {
      guard let dot = name.firstIndex(of: ".") else { continue }
      do {
        // Out of the mapped file, which the next state replaces, and writable.
        let tensor = try store.tensor(name)
        groups[String(name[..<dot]), default: [:]][String(name[name.index(after: dot)...])] =
          context.tensor(
            UnsafeBufferPointer(start: tensor.floats, count: tensor.elementCount), tensor.shape)
      } catch {
        throw .checkpoint(error)
      }
    }
    parameters = Parameters(groups["parameter"] ?? [:])
    means = Parameters(groups["mean"] ?? [:])
    squares = Parameters(groups["square"] ?? [:])
    average = groups["average"].map { Parameters($0) }
  }

  init(
    parameters: Parameters, means: Parameters, squares: Parameters, average: Parameters?,
    record: Record
  ) {
    self.parameters = parameters
    self.means = means
    self.squares = squares
    self.average = average
    self.record = record
  }
}
