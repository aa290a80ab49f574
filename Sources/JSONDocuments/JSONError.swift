/// Why a JSON text from outside could not be used.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  /// The file, or what stands for it, that the text came from.
  package let source: String
  /// Where in the document: `$.vision_config.hidden_size`; `$` for the whole text.
  package let path: String
  /// What is wrong there, as a sentence without its full stop.
  package let problem: String

  package init(source: String, path: String, problem: String) {
    self.source = source
    self.path = path
    self.problem = problem
  }

  package var description: String {
    path == "$" ? "\(source): \(problem)" : "\(source): \(path): \(problem)"
  }
}
