/// A part of the screen. It has three duties and knows neither its neighbours nor the terminal.
///
/// Components are classes because the screen's owner and the compositor hold the same one; all of
/// them live on the thread of the event loop.
package protocol Component: AnyObject {
  /// Deals with an event; false offers it to the next component.
  func handle(_ event: InputEvent) -> Bool
  /// Draws into a rectangle of the grid and nowhere else.
  func render(into grid: inout Grid, in rect: Rect)
  /// Where the cursor belongs when the component fills `rect`, or nil for nowhere.
  func cursor(in rect: Rect) -> Position?
}

extension Component {
  package func handle(_ event: InputEvent) -> Bool { false }
  package func cursor(in rect: Rect) -> Position? { nil }
}
