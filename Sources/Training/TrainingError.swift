import Checkpoints
import Media
import Models
import Tensors
import Tokenizers

/// Why a training run was refused or stopped.
package enum TrainingError: Error {
  /// The user interrupted.
  case cancelled
  /// A recipe says something unknown, impossible or out of range.
  case recipe(file: String, line: Int?, problem: String, remedy: String?)
  /// A source of pictures, a table or a shard cannot be used.
  case data(path: String, problem: String, remedy: String?)
  /// A file of the run cannot be written or read back.
  case file(path: String, problem: String, remedy: String?)
  case checkpoint(CheckpointError)
  case model(ModelError)
  case tokenizer(TokenizerError)
  case media(MediaError)
  case arithmetic(TensorError)
  /// The loss or a gradient is not a number.
  case diverged(step: Int, what: String)

  init(_ error: TensorError) {
    self = error == .cancelled ? .cancelled : .arithmetic(error)
  }

  init(_ error: TokenizerError) {
    if case .cancelled = error { self = .cancelled } else { self = .tokenizer(error) }
  }
}

extension TrainingError: CustomStringConvertible {
  /// A stable name for scripts and JSON records.
  package var code: String {
    switch self {
    case .cancelled: "interrupted"
    case .recipe: "recipe.invalid"
    case .data: "data.invalid"
    case .file: "train.file"
    case .checkpoint(.cannotWrite): "train.file"
    case .checkpoint: "checkpoint.invalid"
    case .model: "model.invalid"
    case .tokenizer: "tokenizer.invalid"
    case .media: "media.invalid"
    case .arithmetic: "engine.arithmetic"
    case .diverged: "train.diverged"
    }
  }

  package var description: String {
    switch self {
    case .cancelled: "interrupted"
    case .recipe(let file, let line, let problem, _):
      line.map { "\(file), line \($0): \(problem)" } ?? "\(file): \(problem)"
    case .data(let path, let problem, _), .file(let path, let problem, _): "\(path): \(problem)"
    case .checkpoint(let error): "\(error)"
    case .model(let error): "\(error)"
    case .tokenizer(let error): "\(error)"
    case .media(let error): "\(error)"
    case .arithmetic(let error): "\(error)"
    case .diverged(let step, let what): "\(what) is not a number at step \(step)"
    }
  }

  /// What the user can do about it, where something is known.
  package var remedy: String? {
    switch self {
    case .recipe(_, _, _, let remedy), .data(_, _, let remedy), .file(_, _, let remedy): remedy
    case .diverged:
      "lower optimizer.learning-rate or raise schedule.warm-up, and train into another folder"
    default: nil
    }
  }
}
