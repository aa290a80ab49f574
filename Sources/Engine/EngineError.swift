import Checkpoints
import Media
import Models
import Tensors
import Tokenizers
import Training

/// Why the engine refused or stopped.
package enum EngineError: Error {
  /// The user interrupted.
  case cancelled
  case checkpoint(CheckpointError)
  case model(ModelError)
  case media(MediaError)
  case tokenizer(TokenizerError)
  /// A text with more ids than the model has positions.
  case textTooLong(text: String, ids: Int, limit: Int)
  /// A text that the tokenizer makes nothing of, not even its ends.
  case noTokens(text: String)
  /// A question about attention that the model cannot answer.
  case trace(String)
  /// The terms of a query cancel each other out.
  case emptyQuery
  /// A tensor operation refused its operands: a fault of Gaze or a checkpoint that lies.
  case arithmetic(TensorError)
  /// The model's numbers left the range of its arithmetic.
  case notFinite(what: String)
  /// The program that measures the machine's peaks did not.
  case peaks(program: String, problem: String)
  /// A training run was refused or stopped; never ``TrainingError/cancelled``.
  case training(TrainingError)

  init(_ error: TensorError) {
    self = error == .cancelled ? .cancelled : .arithmetic(error)
  }

  init(_ error: TrainingError) {
    if case .cancelled = error { self = .cancelled } else { self = .training(error) }
  }
}

extension EngineError: CustomStringConvertible {
  /// A stable name for scripts and JSON records.
  package var code: String {
    switch self {
    case .cancelled: "interrupted"
    case .checkpoint: "checkpoint.invalid"
    case .model: "model.invalid"
    case .media: "media.invalid"
    case .tokenizer: "tokenizer.invalid"
    case .textTooLong: "text.tooLong"
    case .noTokens: "text.noTokens"
    case .trace: "trace.invalid"
    case .emptyQuery: "search.empty"
    case .arithmetic: "engine.arithmetic"
    case .notFinite: "engine.notFinite"
    case .peaks: "bench.peaks"
    case .training(let error): error.code
    }
  }

  package var description: String {
    switch self {
    case .cancelled: "interrupted"
    case .checkpoint(let error): "\(error)"
    case .model(let error): "\(error)"
    case .media(let error): "\(error)"
    case .tokenizer(let error): "\(error)"
    case .textTooLong(let text, let ids, let limit):
      "\"\(text.prefix(60))\(text.count > 60 ? "…" : "")\" is \(ids) tokens long; the model reads at most \(limit)"
    case .noTokens(let text): "the tokenizer makes no token of \"\(text)\""
    case .trace(let problem): problem
    case .emptyQuery: "the terms of the query cancel each other out"
    case .arithmetic(let error): "\(error)"
    case .notFinite(let what): "\(what) is not finite in this precision"
    case .peaks(let program, let problem): "the peak program \(program): \(problem)"
    case .training(let error): error.description
    }
  }

  /// What the user can do about it, where something is known.
  package var remedy: String? {
    switch self {
    case .textTooLong: "shorten the label or the template"
    case .noTokens: "the model needs a tokenizer that adds the ends of a text; load it with tokenizer=FILE"
    case .notFinite: "try `:set precision f32`"
    case .peaks: "make bench builds one from Benchmarks/peaks.c; without peaks= only rates are given"
    case .training(let error): error.remedy
    default: nil
    }
  }
}
