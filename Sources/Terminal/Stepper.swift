import Pictures
import Screen

/// The bar in place of the input line while the stepper is active, and its keys.
final class Stepper: Component {
  /// What is being looked at; nil while the stepper is not active.
  var caption: StyledLine?
  var onKey: (StepperKey) -> Void = { _ in }

  func handle(_ event: InputEvent) -> Bool {
    guard caption != nil else { return false }
    if let action = Keymap.standard(.stepper).action(for: event), let key = StepperKey(action) {
      onKey(key)
      return true
    }
    // Text is swallowed, so that a mistyped letter does not end up in the hidden input line.
    switch event {
    case .paste: return true
    case .key(let key):
      if case .scalar = key.key { return key.modifiers.isEmpty }
      return false
    }
  }

  func render(into grid: inout Grid, in rect: Rect) {
    grid.fill(rect)
    guard let caption else { return }
    var column = 0
    for row in caption.rows(width: rect.columns).prefix(1) {
      column = grid.put(cells: row, row: 0, in: rect)
    }
    if rect.rows > 1 {
      grid.put(Self.hint, row: 1, in: rect, style: .dim)
    } else {
      grid.put(Self.hint, row: 0, column: column > 0 ? column + 2 : 0, in: rect, style: .dim)
    }
  }

  /// One row for the caption and the keys where both fit, else two.
  func rowCount(width: Int) -> Int {
    guard let caption else { return 1 }
    let together = Glyph.width(of: caption.text) + 2 + Glyph.width(of: Self.hint)
    return caption.text.isEmpty || together <= width ? 1 : 2
  }

  private static let hint =
    "n/p token ←/→ head ↑/↓ layer m method o overlay e export Enter again q leave"
}
