import JSONDocuments

extension ImageProcessor {
  /// Settings as open_clip stores them: the whole `open_clip_config.json`.
  ///
  /// `preprocess_cfg` counts, its keys optional; the size is that of the vision tower where
  /// `model_cfg` tells it, as in open_clip.
  /// - Throws: ``MediaError/settings(_:)`` naming the field that cannot be followed.
  package init(openCLIP root: JSONNode) throws(MediaError) {
    do throws(JSONError) {
      let tower = try root.member("model_cfg")?.member("vision_cfg")?.member("image_size")
      let node = try root.member("preprocess_cfg")
      let own = try node?.member("size")
      let (width, height) = try (tower ?? own).map(Self.openCLIPBox) ?? (224, 224)
      self = .torchvision(width: width, height: height)
      if let node { try follow(node, width: width, height: height) }
    } catch {
      throw .settings(error)
    }
  }

  /// What OpenAI's release does for its own checkpoints, which carry no settings: the shorter side
  /// to `size` (bicubic), the central square, CLIP's statistics.
  package static func openAI(size: Int) -> ImageProcessor {
    torchvision(width: size, height: size)
  }

  /// The defaults of open_clip.
  private static func torchvision(width: Int, height: Int) -> ImageProcessor {
    ImageProcessor(
      resizing: width == height ? .shortestEdge(width) : .cover(width: width, height: height),
      filter: .bicubic,
      crop: Crop(width: width, height: height, fill: 0, rounding: .halfToEven), alpha: .dropped,
      scaling: PixelScaling(
        rescaling: .by255,
        normalization: .init(
          mean: PixelScaling.clipMean, deviation: PixelScaling.clipDeviation)))
  }

  /// Changes the defaults to what `preprocess_cfg` says.
  private mutating func follow(_ node: JSONNode, width: Int, height: Int) throws(JSONError) {
    if let mode = try node.member("mode"), try mode.asString() != "RGB" {
      throw mode.error("\"\(try mode.asString())\" is not supported; RGB is")
    }
    if let interpolation = try node.member("interpolation") {
      switch try interpolation.asString() {
      case "bicubic", "random": filter = .bicubic
      case "bilinear": filter = .bilinear
      case let other:
        throw interpolation.error("\"\(other)\" is not supported; bicubic and bilinear are")
      }
    }
    if let mode = try node.member("resize_mode") {
      switch try mode.asString() {
      case "shortest": break
      case "longest":
        resizing = .fit(width: width, height: height)
        crop?.fill = try node.member("fill_color")?.asSample() ?? 0
      case "squash": (resizing, crop) = (.exact(width: width, height: height), nil)
      case let other:
        throw mode.error("\"\(other)\" is not supported; shortest, longest and squash are")
      }
    }
    // The reference does not hand its interpolation on in this case.
    if case .cover = resizing { filter = .bicubic }
    scaling.normalization = .init(
      mean: try node.member("mean").map(PixelScaling.triple) ?? PixelScaling.clipMean,
      deviation: try node.member("std").map(PixelScaling.deviation) ?? PixelScaling.clipDeviation)
    guard scaling.tellsSamplesApart else {
      throw node.error("mean and std make no finite numbers that differ for black and white")
    }
  }

  /// Width and height of a number or of `[height, width]`.
  private static func openCLIPBox(_ node: JSONNode) throws(JSONError) -> (Int, Int) {
    guard node.kind == .array else {
      let side = try node.asSide()
      return (side, side)
    }
    let sides = try node.elements()
    guard sides.count == 2 else {
      throw node.error("expected a number, or height and width, found \(sides.count) numbers")
    }
    return (try sides[1].asSide(), try sides[0].asSide())
  }
}

extension JSONNode {
  /// A sample of an 8-bit picture.
  fileprivate func asSample() throws(JSONError) -> UInt8 {
    let value = try asInteger()
    guard (0...255).contains(value) else { throw error("\(value) is outside 0...255") }
    return UInt8(value)
  }
}
