/// A rectangle of pixels, such as the part of a picture that a model saw after cropping.
package struct PixelRegion: Hashable, Sendable {
  package let left: Int
  package let top: Int
  package let width: Int
  package let height: Int

  package init(left: Int, top: Int, width: Int, height: Int) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  /// Whether the region is not empty and lies inside a picture of this size.
  func isInside(width pictureWidth: Int, height pictureHeight: Int) -> Bool {
    left >= 0 && top >= 0 && width > 0 && height > 0 && width <= pictureWidth
      && height <= pictureHeight && left <= pictureWidth - width && top <= pictureHeight - height
  }
}
