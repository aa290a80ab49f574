import Engine
import Foundation
import Training

/// Where a command came from.
package struct Source: Sendable, Equatable, Codable {
  package let file: String
  package let line: Int

  package init(file: String, line: Int) {
    self.file = file
    self.line = line
  }
}

/// What came of one command.
package struct Record: Sendable {
  package let sequence: Int
  package let verb: String
  package let source: Source?
  package let milliseconds: Double
  package let outcome: Result<Outcome, CommandFailure>

  package var failure: CommandFailure? {
    if case .failure(let failure) = outcome { failure } else { nil }
  }

  /// Whether the user interrupted the command, whether or not something came of it.
  package var isInterrupt: Bool {
    switch outcome {
    case .success(let outcome): outcome.isInterrupted
    case .failure(let failure): failure.isInterrupt
    }
  }
}

/// A command that begins.
package struct Invocation: Sendable, Equatable {
  /// The number that its record will have, unless it performs others: theirs come first.
  package let sequence: Int
  /// The verb's full name, or the word that is none.
  package let verb: String
  /// The line as it was given.
  package let text: String
  package let source: Source?
  /// Whether a front end shows the line before what comes of it.
  package let isEchoed: Bool
}

/// What a session says while it works. Front ends draw these; nothing else leaves a session.
package enum Event: Sendable {
  case began(Invocation)
  case progress(StageProgress)
  /// A step of training was taken: the progress of a command that has more to tell than a count.
  /// As many come as there are steps; how often one looks is the front end's business.
  case training(TrainingReport)
  case finished(Record)
  /// How long the command took, when the user wants to know.
  case time(milliseconds: Double)
  /// Where a front end with a preview puts it.
  case layout(PreviewLayout)
  /// Whatever takes the keys of a front end with panes hands them on.
  case focusNext
  /// A remark that belongs to no record.
  case note(String)
  /// Later results are to be shown in this format.
  case format(OutputFormat)
  /// A front end with keys steps through attention from here on, over a picture or else over
  /// words; nil ends that.
  case stepping(caption: String?, overPicture: Bool = true)
  /// The prompt, the status line or completion may have changed.
  case status(SessionStatus)
}

/// Where a preview goes: beside or above the session, or wherever there is room.
package enum PreviewLayout: String, Sendable, CaseIterable {
  case auto, right, above, hidden
}

/// How results leave a session that has no screen.
package enum OutputFormat: String, Sendable, CaseIterable {
  case text, json
}

/// What a status line shows.
package struct SessionStatus: Sendable, Equatable {
  package var model: String?
  package var family: String?
  package var precision: String
  package var threads: Int
  package var isa: String
  package var bytes: Int
  package var milliseconds: Double?
  /// How pictures are to be drawn, as far as the user has chosen.
  package var renderer = Settings.Renderer.auto
  package var color = Settings.Color.auto
  package var completion: CompletionContext
}
