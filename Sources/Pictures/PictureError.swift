/// Why pixels or weights cannot be drawn.
package enum PictureError: Error, Hashable {
  /// The pixels do not fill width × height × channels, or there are none.
  case malformedBitmap(width: Int, height: Int, channels: Int, bytes: Int)
  /// The canvas is empty or larger than `limit` on a side.
  case canvasSize(columns: Int, rows: Int, limit: Int)
  /// The weights do not fill rows × columns, or there are none.
  case malformedHeatMap(rows: Int, columns: Int, weights: Int)
  /// A side of the heat map is over the limit.
  case heatMapSize(rows: Int, columns: Int, limit: Int)
  /// The region does not lie inside the picture.
  case regionOutside(PixelRegion, width: Int, height: Int)
}

extension PictureError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedBitmap(let width, let height, let channels, let bytes):
      """
      a picture of \(width)×\(height) with \(channels) channels cannot have \(bytes) bytes of \
      pixels; decode the file again
      """
    case .canvasSize(let columns, let rows, let limit):
      """
      a canvas of \(columns)×\(rows) cells is outside 1 to \(limit) on a side; \
      choose another size
      """
    case .malformedHeatMap(let rows, let columns, let weights):
      """
      a heat map of \(rows) rows and \(columns) columns cannot have \(weights) weights; \
      pass one weight per position
      """
    case .heatMapSize(let rows, let columns, let limit):
      """
      a heat map of \(rows) rows and \(columns) columns is over the limit of \(limit) on a side; \
      average it down first
      """
    case .regionOutside(let region, let width, let height):
      """
      the region \(region.width)×\(region.height) at (\(region.left),\(region.top)) does not lie \
      inside the picture of \(width)×\(height); clip it first
      """
    }
  }
}
