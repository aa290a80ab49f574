import JSONDocuments

/// Turns a picture into what a vision tower eats, by the settings in a checkpoint's own JSON.
///
///     let processor = try ImageProcessor(huggingFace: document.root)
///     let input = try processor.process(image.bitmap)     // input.pixels: [3, 224, 224]
///
/// Results are those of the reference's PIL path, to the bit: transformers 5.23's `…Pil` image
/// processors, and `image_transform` of open_clip 3.3 over torchvision.
///
/// One exception: open_clip resizes a picture with a palette, or of one bit, before it becomes RGB,
/// for which Pillow takes the nearest pixels whatever the filter. Here every picture is filtered.
package struct ImageProcessor: Sendable, Equatable {
  /// How the size to resize to follows from the size of the picture.
  package enum Resizing: Sendable, Equatable {
    /// Not at all.
    case none
    /// The shorter side becomes `edge`; the longer one keeps the proportion, rounded down.
    case shortestEdge(Int)
    /// Exactly this size, whatever the proportion.
    case exact(width: Int, height: Int)
    /// Both sides divided by the smaller of their ratios to the box, so that the box is covered;
    /// rounded half to even.
    case cover(width: Int, height: Int)
    /// Both sides divided by the larger ratio, so that the picture fits into the box.
    case fit(width: Int, height: Int)
    /// The largest multiple of the patch size that holds at most `limit` patches: SigLIP 2's
    /// NaFlex rule. The result is then cut into patches.
    case patches(size: Int, limit: Int)
  }

  /// A central part, or the picture with a border where it is smaller.
  package struct Crop: Sendable, Equatable {
    package var width: Int
    package var height: Int
    /// Every sample of the border.
    package var fill: UInt8
    package var rounding: Rounding

    /// Where a crop begins when the difference is odd.
    package enum Rounding: Sendable, Equatable {
      /// transformers: half the difference, rounded towards the top left, also for a border.
      case down
      /// torchvision: half the difference rounded half to even; a border rounded down.
      case halfToEven
    }
  }

  /// What becomes of transparency.
  package enum Alpha: Sendable, Equatable {
    /// Composited on white before anything else (transformers 5.23).
    case compositedOnWhite
    /// Resized along, then left out (OpenAI, open_clip).
    case dropped
  }

  package var resizing: Resizing
  package var filter: ResampleFilter
  package var crop: Crop?
  package var alpha: Alpha
  /// From 8-bit samples to the numbers of the model.
  package var scaling: PixelScaling

  /// What CLIP's reference prepares for pictures with this side.
  package static func clip(side: Int) -> ImageProcessor {
    ImageProcessor(
      resizing: .shortestEdge(side), filter: .bicubic,
      crop: Crop(width: side, height: side, fill: 0, rounding: .down), alpha: .compositedOnWhite,
      scaling: PixelScaling(
        rescaling: .factor(1 / 255),
        normalization: PixelScaling.Normalization(
          mean: PixelScaling.clipMean, deviation: PixelScaling.clipDeviation)))
  }

  /// Pixels that a prepared picture may have: a limit for settings that follow the picture's size.
  static let maximumPixels = DecodeBudget.standard.pixels
}

/// A picture as a model takes it.
package struct ProcessedImage: Sendable, Equatable {
  /// `[3, height, width]`, or `[rows * columns, patch * patch * 3]` where ``patchGrid`` is set:
  /// patches by row and column, each by row, column, channel.
  package let pixels: [Float]
  package let shape: [Int]
  /// Rows and columns of patches, for models that take patches of a picture of any proportion.
  package let patchGrid: PatchGrid?
  /// The 8-bit RGB picture that ``pixels`` was computed from: resized and cropped.
  package let asModelSees: Bitmap
  /// Which part of the upright source picture that is.
  package let region: SourceRegion
}

/// How many patches of a picture there are, and how many there could have been.
package struct PatchGrid: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  /// The settings' `max_num_patches`; the reference pads to this number with masked zeros.
  package let limit: Int
}

/// A rectangle of a picture in its own pixels. Reaches beyond the picture where a border was added.
package struct SourceRegion: Sendable, Equatable {
  package let x: Double
  package let y: Double
  package let width: Double
  package let height: Double
}
