import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Media

private func processor(_ fixture: Fixture, _ name: String) throws -> ImageProcessor {
  let file = fixture.folder.appending(path: "\(name)/preprocessor_config.json")
  let document = try JSONDocument(bytes: [UInt8](Data(contentsOf: file)), source: name)
  return try ImageProcessor(huggingFace: document.root)
}

@Suite struct ImageProcessorTests {
  @Test(arguments: ["clip", "clip-offcentre", "clip-pad", "siglip", "siglip2"])
  func preparesLikeTransformers(_ name: String) throws {
    let fixture = try Fixture("preprocess")
    let expected = try fixture.expected()
    let entry = try #require(
      try fixture.manifest.required("cases").elements().first {
        try $0.required("name").asString() == name
      })
    let processor = try processor(fixture, name)
    for index in try entry.required("images").elements().map({ try $0.asInteger() }) {
      let image = try Fixture.bitmap(#require(expected["rgb/input/image/\(index)"]))
      let prepared = try processor.process(image)
      let values = try #require(expected["\(name)/\(index)/pixel_values"])
      guard let grid = prepared.patchGrid else {
        #expect(prepared.shape == Array(values.shape.dropFirst()))
        #expect(prepared.pixels == values.floats, "picture \(index)")
        continue
      }
      let shapes = try #require(expected["\(name)/\(index)/spatial_shapes"])
      #expect([grid.rows, grid.columns] == shapes.integers)
      #expect(grid.limit == values.shape[1])
      #expect(prepared.shape == [grid.rows * grid.columns, values.shape[2]])
      #expect(prepared.pixels == Array(values.floats.prefix(prepared.pixels.count)))
      let mask = try #require(expected["\(name)/\(index)/pixel_attention_mask"])
      #expect(mask.integers.reduce(0, +) == grid.rows * grid.columns)
    }
  }

  @Test func preparesLikeOpenCLIP() throws {
    let fixture = try Fixture("processors")
    let expected = try fixture.expected()
    for entry in try fixture.manifest.required("cases").elements() {
      let name = try entry.required("name").asString()
      let processor = try ImageProcessor(openCLIP: entry.required("config"))
      for index in 0..<8 {
        let image = try Fixture.bitmap(#require(expected["picture/\(index)"]))
        let prepared = try processor.process(image)
        let values = try #require(expected["\(name)/\(index)"])
        #expect(prepared.shape == values.shape, "\(name), picture \(index)")
        #expect(prepared.pixels == values.floats, "\(name), picture \(index)")
      }
    }
  }

  @Test(arguments: [256, 1024])
  func findsTheSizesOfNaFlex(_ limit: Int) throws {
    let rows = try #require(Fixture("preprocess").expected()["sizes/naflex_\(limit)"]).integers
    for start in stride(from: 0, to: rows.count, by: 4) {
      let size = ImageProcessor.patchAligned(
        width: rows[start + 1], height: rows[start], size: 16, limit: limit)
      #expect(size.height == rows[start + 2])
      #expect(size.width == rows[start + 3])
    }
  }

  /// From the files of the project's drawings to the tensor that the reference feeds its model.
  @Test func preparesDrawingsFromTheirFiles() throws {
    let cases = try Fixture("emoji-clip-drawings").manifest.required("cases").elements()
    let files = try cases[0].required("arguments").required("drawings").elements()
    let hashes = try cases[0].required("pixel_values_sha256").elements()
    let processor = try huggingFace(
      clip(#""size":{"shortest_edge":64},"crop_size":{"height":64,"width":64}"#))
    #expect(files.count == 4)
    for (file, hash) in zip(files, hashes) {
      let name = try file.asString()
      let path = Fixture.root.appending(path: "../../examples/pictures/\(name)")
      let image = try ImageFile.decode(bytes: [UInt8](Data(contentsOf: path)), source: name)
      let pixels = try processor.process(image.bitmap).pixels
      let littleEndian = pixels.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
      }
      #expect(try sha256(littleEndian) == hash.asString(), "\(name)")
    }
  }

  @Test(arguments: [
    "clip-openclip", "clip-resnet", "siglip-openclip", "siglip2-openclip", "clip", "clip-torch",
    "siglip", "siglip2-naflex",
  ])
  func understandsTheSettingsOfEveryCheckpoint(_ fixture: String) throws {
    let isOpenCLIP = fixture.hasSuffix("openclip") || fixture == "clip-resnet"
    let file = isOpenCLIP ? "open_clip_config.json" : "preprocessor_config.json"
    let path = Fixture.root.appending(path: "\(fixture)/\(file)")
    let root = try JSONDocument(bytes: [UInt8](Data(contentsOf: path)), source: file).root
    let processor =
      try isOpenCLIP ? ImageProcessor(openCLIP: root) : ImageProcessor(huggingFace: root)
    let grey = try Bitmap(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    let prepared = try processor.process(grey)
    #expect(prepared.pixels.count == prepared.shape.reduce(1, *))
  }

  @Test func showsWhatTheModelSees() throws {
    // A white picture with a black border that CLIP's crop leaves out.
    let white = try Bitmap(
      width: 30, height: 20, channels: 3, pixels: [UInt8](repeating: 255, count: 1800))
    let framed = white.padded(to: PixelRectangle(columns: -5..<35, rows: 0..<20), fill: 0)
    let prepared = try ImageProcessor.openAI(size: 20).process(framed)
    #expect(prepared.asModelSees.width == 20)
    #expect(prepared.asModelSees.height == 20)
    #expect(prepared.asModelSees.channels == 3)
    #expect(prepared.asModelSees.pixels.allSatisfy { $0 == 255 })
    #expect(prepared.region == SourceRegion(x: 10, y: 0, width: 20, height: 20))
  }

  @Test func saysWhichPartOfTheSourceIsSeen() throws {
    let tall = try Bitmap(
      width: 10, height: 40, channels: 1, pixels: [UInt8](repeating: 9, count: 400))
    // 10×40 becomes 20×80, of which rows 30 to 50 are kept: a quarter of the source, in its middle.
    let cropped = try ImageProcessor.openAI(size: 20).process(tall)
    #expect(cropped.region == SourceRegion(x: 0, y: 15, width: 10, height: 10))
    // Fitted into a square, it gets borders on both sides, which lie outside the source.
    let padded = try openCLIP(#"{"size":20,"resize_mode":"longest","fill_color":200}"#).process(
      tall)
    #expect(padded.region == SourceRegion(x: -14, y: 0, width: 40, height: 40))
    #expect(padded.asModelSees.pixels[0] == 200)
    #expect(padded.asModelSees.pixels[3 * 10] == 9)
  }

  @Test func transparencyIsWhiteForTransformersAndLeftOutForOpenCLIP() throws {
    let clear = try Bitmap(width: 1, height: 1, channels: 4, pixels: [10, 20, 30, 0])
    let half = try Bitmap(width: 1, height: 1, channels: 4, pixels: [10, 20, 30, 128])
    let transformers = try huggingFace(
      #"{"image_processor_type":"SiglipImageProcessor","size":{"height":1,"width":1}}"#)
    #expect(try transformers.process(clear).asModelSees.pixels == [255, 255, 255])
    #expect(try transformers.process(half).asModelSees.pixels == [132, 137, 142])
    #expect(try ImageProcessor.openAI(size: 1).process(clear).asModelSees.pixels == [10, 20, 30])
  }

  @Test func extremeProportionsCostNothingOrAreRefused() throws {
    let line = try Bitmap(
      width: 60_000, height: 1, channels: 1, pixels: [UInt8](repeating: 80, count: 60_000))
    // Resized to 13,440,000×224 as a whole; only the crop is computed.
    let prepared = try ImageProcessor.openAI(size: 224).process(line)
    #expect(prepared.asModelSees.pixels.allSatisfy { $0 == 80 })
    // Without a crop it would have to be kept.
    let uncropped = try huggingFace(
      #"{"image_processor_type":"CLIPImageProcessor","do_center_crop":false}"#)
    #expect(
      throws: MediaError.proportion(
        width: 60_000, height: 1, resizedWidth: 13_440_000, resizedHeight: 224)
    ) { try uncropped.process(line) }
    // Fitted into 224, its height would be rounded to nothing.
    let fitted = try openCLIP(#"{"resize_mode":"longest"}"#)
    let error = #expect(throws: MediaError.self) { try fitted.process(line) }
    #expect(
      error?.description
        == "a picture of 60000×1 pixels would be resized to 224×0 for this model; "
        + "crop it to a less extreme proportion")
  }

  @Test func readsOldAndNestedSettings() throws {
    let defaults = try huggingFace(#"{"feature_extractor_type":"CLIPFeatureExtractor"}"#)
    let old = try huggingFace(
      #"{"feature_extractor_type":"CLIPFeatureExtractor","size":224,"crop_size":224,"resample":3}"#)
    let nested = try huggingFace(
      #"""
      {"processor_class":"CLIPProcessor","image_processor":{"image_processor_type":
      "CLIPImageProcessorFast","size":{"shortest_edge":224,"longest_edge":null}}}
      """#)
    #expect(old == defaults)
    #expect(nested == defaults)
    #expect(defaults.crop?.width == 224)
  }

  @Test(arguments: [
    (#"{}"#, "a: the key \"image_processor_type\" is missing"),
    (
      #"{"image_processor_type":"BlipImageProcessor"}"#,
      "a: $.image_processor_type: \"BlipImageProcessor\" is not supported; CLIPImageProcessor, "
        + "SiglipImageProcessor and Siglip2ImageProcessor are"
    ),
    (clip(#""resample":7"#), "a: $.resample: 7 is not a resampling filter; 0 to 5 are"),
    (clip(#""resample":"bicubic""#), "a: $.resample: expected an integer, found string"),
    (clip(#""do_pad":true"#), "a: $.do_pad: true is not supported"),
    (clip(#""size":{"shortest_edge":0}"#), "a: $.size.shortest_edge: 0 is outside 1...16384"),
    (clip(#""size":{"height":9}"#), "a: $.size: the key \"width\" is missing"),
    (
      clip(#""size":{"longest_edge":9}"#),
      "a: $.size.longest_edge: not supported; shortest_edge, or height and width, are"
    ),
    (clip(#""image_mean":[1,2]"#), "a: $.image_mean: expected 3 numbers, one per channel, found 2"),
    (clip(#""image_std":[1,0,1]"#), "a: $.image_std: a deviation of 0 cannot be divided by"),
    (
      #"{"image_processor_type":"Siglip2ImageProcessor","patch_size":-1}"#,
      "a: $.patch_size: -1 is outside 1...16384"
    ),
  ])
  func namesTheFieldThatItCannotFollow(_ text: String, _ message: String) throws {
    let error = #expect(throws: MediaError.self) { try huggingFace(text) }
    #expect(error?.description == message)
  }

  @Test(arguments: [
    #""rescale_factor":0"#, #""rescale_factor":1e300"#, #""image_mean":[0.5,1e300,0.5]"#,
    #""image_std":[0.5,0.5,1e-42]"#, #""image_std":1e300"#, #""image_mean":-1e30"#,
  ])
  func refusesNumbersThatNoModelCouldComputeWith(_ setting: String) throws {
    let error = #expect(throws: MediaError.self) { try huggingFace(clip(setting)) }
    #expect(error?.description.contains("finite numbers that differ") == true)
    let renamed = setting.replacing("image_", with: "")
    if renamed != setting {
      #expect(throws: MediaError.self) { try openCLIP("{" + renamed + "}") }
    }
  }

  @Test(arguments: [
    (
      #"{"resize_mode":"stretch"}"#,
      "resize_mode: \"stretch\" is not supported; shortest, longest and squash are"
    ),
    (
      #"{"interpolation":"nearest"}"#,
      "interpolation: \"nearest\" is not supported; bicubic and bilinear are"
    ),
    (#"{"size":[1,2,3]}"#, "size: expected a number, or height and width, found 3 numbers"),
    (#"{"resize_mode":"longest","fill_color":256}"#, "fill_color: 256 is outside 0...255"),
    (#"{"mode":"L"}"#, "mode: \"L\" is not supported; RGB is"),
  ])
  func namesTheFieldOfOpenCLIPThatItCannotFollow(_ text: String, _ message: String) throws {
    let error = #expect(throws: MediaError.self) { try openCLIP(text) }
    #expect(error?.description == "a: $.preprocess_cfg." + message)
  }
}

private func clip(_ settings: String) -> String {
  #"{"image_processor_type":"CLIPImageProcessor","# + settings + "}"
}

private func huggingFace(_ text: String) throws -> ImageProcessor {
  try ImageProcessor(huggingFace: JSONDocument(bytes: Array(text.utf8), source: "a").root)
}

private func openCLIP(_ settings: String) throws -> ImageProcessor {
  let text = #"{"preprocess_cfg":"# + settings + "}"
  return try ImageProcessor(openCLIP: JSONDocument(bytes: Array(text.utf8), source: "a").root)
}
