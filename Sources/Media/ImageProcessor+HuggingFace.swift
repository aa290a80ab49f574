import JSONDocuments

extension ImageProcessor {
  /// Settings as transformers stores them: `preprocessor_config.json`, or
  /// `processor_config.json` with the same under `image_processor`.
  ///
  /// Understood are the processors of CLIP, SigLIP and SigLIP 2, under their old names too.
  /// - Throws: ``MediaError/settings(_:)`` naming a field that is missing, malformed or asks for
  ///   something that is not supported.
  package init(huggingFace root: JSONNode) throws(MediaError) {
    do throws(JSONError) {
      let node = try root.member("image_processor") ?? root
      switch try Family(node) {
      case .clip: try self.init(fixedSize: node, defaultCrop: 224)
      case .siglip: try self.init(fixedSize: node, defaultCrop: nil)
      case .siglip2: try self.init(flexibleSize: node)
      }
    } catch {
      throw .settings(error)
    }
  }

  private enum Family {
    case clip, siglip, siglip2

    init(_ node: JSONNode) throws(JSONError) {
      // The older key stands beside the newer one in files that were saved in between.
      let current = try node.member("image_processor_type")
      let former = try node.member("feature_extractor_type")
      guard let named = current ?? former else {
        throw node.error("the key \"image_processor_type\" is missing")
      }
      var name = try named.asString()
      for suffix in ["Fast", "Pil"] where name.hasSuffix(suffix) {
        name.removeLast(suffix.count)
      }
      switch name {
      case "CLIPImageProcessor", "CLIPFeatureExtractor": self = .clip
      case "SiglipImageProcessor": self = .siglip
      case "Siglip2ImageProcessor": self = .siglip2
      default:
        throw named.error(
          "\"\(name)\" is not supported; CLIPImageProcessor, SiglipImageProcessor and "
            + "Siglip2ImageProcessor are")
      }
    }
  }

  /// CLIP and SigLIP: resize, crop, rescale, normalise.
  private init(fixedSize node: JSONNode, defaultCrop: Int?) throws(JSONError) {
    try Self.rejectUnsupported(node)
    let isCLIP = defaultCrop != nil
    resizing = .none
    if try node.bool("do_resize", default: true) {
      resizing =
        try node.member("size").map(Self.resizing)
        ?? (isCLIP ? .shortestEdge(224) : .exact(width: 224, height: 224))
    }
    if try node.bool("do_center_crop", default: isCLIP) {
      let size = try node.member("crop_size").map(Self.box)
      guard let size = size ?? defaultCrop.map({ ($0, $0) }) else {
        throw node.error("the key \"crop_size\" is missing, though do_center_crop is true")
      }
      crop = Crop(width: size.0, height: size.1, fill: 0, rounding: .down)
    }
    filter = try Self.filter(node, default: .bicubic)
    alpha = .compositedOnWhite
    let half = SIMD3<Float>(repeating: 0.5)
    scaling = try Self.scaling(
      node, mean: isCLIP ? PixelScaling.clipMean : half,
      deviation: isCLIP ? PixelScaling.clipDeviation : half)
  }

  /// SigLIP 2 with NaFlex: as many patches as the budget holds, in the picture's proportion.
  private init(flexibleSize node: JSONNode) throws(JSONError) {
    try Self.rejectUnsupported(node)
    guard try node.bool("do_resize", default: true) else {
      throw try node.required("do_resize").error(
        "false is not supported: pictures are cut into patches only after resizing")
    }
    resizing = .patches(
      size: try node.side("patch_size", default: 16),
      limit: try node.side("max_num_patches", default: 256, upTo: 1 << 20))
    crop = nil
    filter = try Self.filter(node, default: .bilinear)
    alpha = .compositedOnWhite
    let half = SIMD3<Float>(repeating: 0.5)
    scaling = try Self.scaling(node, mean: half, deviation: half)
  }

  // MARK: Fields

  private static func rejectUnsupported(_ node: JSONNode) throws(JSONError) {
    for key in ["do_pad", "use_square_size"] {
      if let value = try node.member(key), try value.asBool() {
        throw value.error("true is not supported")
      }
    }
  }

  private static func resizing(_ node: JSONNode) throws(JSONError) -> Resizing {
    if node.kind == .integer { return .shortestEdge(try node.asSide()) }
    for key in try node.keys() where !["shortest_edge", "height", "width"].contains(key) {
      if let unknown = try node.member(key) {
        throw unknown.error("not supported; shortest_edge, or height and width, are")
      }
    }
    if let edge = try node.member("shortest_edge") { return .shortestEdge(try edge.asSide()) }
    let size = try box(node)
    return .exact(width: size.0, height: size.1)
  }

  /// Width and height of `{"height": …, "width": …}`, or of a square given by its side.
  private static func box(_ node: JSONNode) throws(JSONError) -> (Int, Int) {
    if node.kind == .integer {
      let side = try node.asSide()
      return (side, side)
    }
    return (try node.required("width").asSide(), try node.required("height").asSide())
  }

  private static func filter(
    _ node: JSONNode, default fallback: ResampleFilter
  ) throws(JSONError) -> ResampleFilter {
    guard let value = try node.member("resample") else { return fallback }
    guard let filter = ResampleFilter(rawValue: try value.asInteger()) else {
      throw value.error("\(try value.asInteger()) is not a resampling filter; 0 to 5 are")
    }
    return filter
  }

  private static func scaling(
    _ node: JSONNode, mean: SIMD3<Float>, deviation: SIMD3<Float>
  ) throws(JSONError) -> PixelScaling {
    var scaling = PixelScaling(rescaling: .none, normalization: nil)
    if try node.bool("do_rescale", default: true) {
      scaling.rescaling = .factor(try node.double("rescale_factor", default: 1 / 255))
    }
    if try node.bool("do_normalize", default: true) {
      scaling.normalization = .init(
        mean: try node.member("image_mean").map(PixelScaling.triple) ?? mean,
        deviation: try node.member("image_std").map(PixelScaling.deviation) ?? deviation)
    }
    guard scaling.tellsSamplesApart else {
      throw node.error(
        "rescale_factor, image_mean and image_std make no finite numbers that differ for black "
          + "and white")
    }
    return scaling
  }
}

extension PixelScaling {
  /// The statistics of the pictures that CLIP was trained on.
  package static let clipMean = SIMD3<Float>(0.48145466, 0.4578275, 0.40821073)
  package static let clipDeviation = SIMD3<Float>(0.26862954, 0.26130258, 0.27577711)

  /// Three numbers, or one for all channels.
  static func triple(_ node: JSONNode) throws(JSONError) -> SIMD3<Float> {
    if node.kind != .array { return SIMD3(repeating: Float(try node.asDouble())) }
    let elements = try node.elements()
    guard elements.count == 3 else {
      throw node.error("expected 3 numbers, one per channel, found \(elements.count)")
    }
    return SIMD3(
      Float(try elements[0].asDouble()), Float(try elements[1].asDouble()),
      Float(try elements[2].asDouble()))
  }

  /// The same, for numbers that are divided by.
  static func deviation(_ node: JSONNode) throws(JSONError) -> SIMD3<Float> {
    let values = try triple(node)
    guard values.x != 0, values.y != 0, values.z != 0 else {
      throw node.error("a deviation of 0 cannot be divided by")
    }
    return values
  }
}

extension JSONNode {
  /// A length in pixels or patches.
  func asSide(upTo limit: Int = 1 << 14) throws(JSONError) -> Int {
    let value = try asInteger()
    guard value >= 1, value <= limit else {
      throw error("\(value) is outside 1...\(limit)")
    }
    return value
  }

  func side(_ key: String, default fallback: Int, upTo limit: Int = 1 << 14) throws(JSONError)
    -> Int
  {
    try member(key)?.asSide(upTo: limit) ?? fallback
  }
}
