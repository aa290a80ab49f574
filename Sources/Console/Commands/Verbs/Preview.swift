import Engine

/// `:preview`: show a staged picture, or what the model makes of it.
struct Preview: Command {
  private static let name = Positional(
    ValueKind<String>.name("NAME", .mediaNames), "a staged picture; the last by default",
    isRequired: false)
  private static let asModel = Flag(
    "as-model", "resized and cropped as the model gets it, with the edges of its patches")

  static let signature = Signature(
    "preview", "show a staged picture", [name.parameter, asModel.parameter],
    examples: [":preview", ":preview cat as-model"])

  let name: String?
  let asModel: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    name = try arguments.value(at: 0, of: Preview.name)
    asModel = arguments[Preview.asModel]
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let pictures = try session.pictures(named: name.map { [$0] } ?? [])
    let picture = pictures[pictures.count - 1]
    guard asModel else {
      return Outcome(PreviewResult(picture.bitmap, name: picture.name, grid: nil, region: nil))
    }
    let model = try session.requiredModel()
    let view: ModelView
    do throws(EngineError) { view = try await model.view(picture) } catch {
      throw CommandFailure(error)
    }
    return Outcome(
      PreviewResult(view.bitmap, name: picture.name, grid: view.grid, region: view.region))
  }
}
