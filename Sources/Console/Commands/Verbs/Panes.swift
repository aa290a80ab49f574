/// `:layout`: where the preview goes.
struct Layout: Command {
  private static let place = Positional(
    ValueKind<PreviewLayout>.choice, "beside or above the session, hidden, or where there is room")

  static let signature = Signature(
    "layout", "place the preview on the screen", [place.parameter],
    examples: [":layout above", ":layout auto"])

  let place: PreviewLayout

  init(_ arguments: Arguments) throws(CommandFailure) {
    place = try arguments.value(at: 0, of: Layout.place) ?? .auto
  }

  func perform(in session: isolated Session) async -> Outcome {
    session.send(.layout(place))
    return Outcome(Done())
  }
}

/// `:focus`: the keys to the next pane.
struct Focus: Command {
  static let signature = Signature(
    "focus", "give the keys to the next pane, as Ctrl-X o does", examples: [":focus"])

  init(_ arguments: Arguments) {}

  func perform(in session: isolated Session) async -> Outcome {
    session.send(.focusNext)
    return Outcome(Done())
  }
}
