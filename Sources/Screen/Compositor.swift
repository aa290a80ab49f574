/// Components stacked from back to front.
package final class Compositor {
  package struct Layer {
    package let component: any Component
    /// The component's rectangle on a screen, or nil while it is hidden: a hidden component is
    /// neither drawn nor offered events.
    package let place: (_ screen: Rect) -> Rect?

    package init(_ component: any Component, place: @escaping (_ screen: Rect) -> Rect?) {
      self.component = component
      self.place = place
    }
  }

  /// Back to front.
  package var layers: [Layer]

  package init(_ layers: [Layer] = []) { self.layers = layers }

  /// Paints every visible layer, the backmost first.
  package func render(into grid: inout Grid) {
    for layer in layers {
      guard let rect = layer.place(grid.bounds), !rect.isEmpty else { continue }
      layer.component.render(into: &grid, in: rect)
    }
  }

  /// Offers an event to the visible layers, the frontmost first, until one takes it.
  package func handle(_ event: InputEvent, screen: Rect) -> Bool {
    for layer in layers.reversed() where layer.place(screen) != nil {
      if layer.component.handle(event) { return true }
    }
    return false
  }

  /// The cursor of the frontmost visible layer that has one.
  package func cursor(screen: Rect) -> Position? {
    for layer in layers.reversed() {
      guard let rect = layer.place(screen), !rect.isEmpty else { continue }
      if let position = layer.component.cursor(in: rect) { return position }
    }
    return nil
  }
}
