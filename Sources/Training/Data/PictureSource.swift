import Media
import Synchronization
import Tensors

/// Decoded pictures of a catalogue, by their place in it; safe to share between threads.
///
/// As many as fit into the budget are kept, first come, first kept: an epoch asks for every picture
/// once in an order that never returns, so that of those kept the longest unused is the next wanted
/// as likely as any, and throwing one out for another gains nothing.
package final class PictureSource: Sendable {
  package let catalogue: CaptionedPictures
  /// Pixels of the model's side.
  package let side: Int
  private let cacheBytes: Int
  private let staysInPlace: Bool
  private let state = Mutex(State())

  private struct State {
    var kept: [Int: CachedPicture] = [:]
    var bytes = 0
    var broken: [Int: String] = [:]
  }

  /// Width × height of a picture file at most: four bytes of each while one is decoded.
  static let budget = DecodeBudget(pixels: 64 << 20)

  /// - Parameter augmentation: where it never moves or scales anything, pictures are kept at the
  ///   size that the model sees, resized as an image processor does; else between that and twice that.
  package init(
    _ catalogue: CaptionedPictures, side: Int, cacheBytes: Int, augmentation: AugmentationRecipe
  ) {
    self.catalogue = catalogue
    self.side = side
    self.cacheBytes = cacheBytes
    staysInPlace = augmentation.staysInPlace
  }

  /// The picture at a place of ``CaptionedPictures/pictures``, reduced; nil when it cannot be used,
  /// which is then written down in ``skipped``.
  package func picture(at index: Int) -> CachedPicture? {
    let known: (picture: CachedPicture?, isBroken: Bool) = state.withLock {
      ($0.kept[index], $0.broken[index] != nil)
    }
    if known.isBroken { return nil }
    if let picture = known.picture { return picture }
    do throws(Unusable) {
      let picture = CachedPicture(reduced(try decode(index)))
      state.withLock { state in
        if state.kept[index] == nil, state.bytes + picture.byteCount <= cacheBytes {
          state.kept[index] = picture
          state.bytes += picture.byteCount
        }
      }
      return picture
    } catch {
      state.withLock { $0.broken[index] = error.problem }
      return nil
    }
  }

  /// A picture as the checkpoint's own image processor prepares it, for evaluation; nil when it
  /// cannot be used, which is then written down in ``skipped``, or when cancelled. Nothing is kept.
  package func processed(
    at index: Int, by processor: ImageProcessor, unless cancellation: Cancellation? = nil
  ) -> ProcessedImage? {
    do throws(Unusable) {
      let bitmap = try decode(index, unless: cancellation)
      do throws(MediaError) { return try processor.process(bitmap) } catch {
        throw Unusable(error.description)
      }
    } catch {
      // What was cut short is not broken.
      guard cancellation?.isCancelled != true else { return nil }
      state.withLock { $0.broken[index] = error.problem }
      return nil
    }
  }

  /// Why a picture cannot be used, once that has turned out.
  func problem(at index: Int) -> String? { state.withLock { $0.broken[index] } }

  /// Files that the catalogue left out, then those that could not be decoded, in its order.
  package var skipped: [SkippedFile] { catalogue.skipped + undecodable }

  package var skippedCount: Int { catalogue.skipped.count + state.withLock { $0.broken.count } }

  private var undecodable: [SkippedFile] {
    state.withLock(\.broken).sorted { $0.key < $1.key }.map { index, problem in
      SkippedFile(path: catalogue.pictures[index].location.description, problem: problem)
    }
  }

  private func decode(
    _ index: Int, unless cancellation: Cancellation? = nil
  ) throws(Unusable) -> Bitmap {
    let location = catalogue.pictures[index].location
    let limit = CaptionedPictures.maximumFileBytes
    let bytes: [UInt8]
    switch location {
    case .file(let path): bytes = try BoundedFile.bytes(of: path, limit: limit)
    case .member(let shard, let offset, let name):
      bytes = try TarReader.member(of: shard, at: offset, name: name, limit: limit)
    }
    let name = FilePaths.name(of: location.description)
    do throws(MediaError) {
      return try ImageFile.decode(
        bytes: bytes, source: name, budget: Self.budget,
        unless: { cancellation?.isCancelled ?? false }
      ).bitmap
    } catch {
      throw Unusable(error.description)
    }
  }

  /// Brought to the size that the model sees, or between that and twice that; larger and smaller
  /// ones with the filter that image processors use, for augmentation interpolates more coarsely.
  private func reduced(_ bitmap: Bitmap) -> Bitmap {
    let longest = max(bitmap.width, bitmap.height)
    let kept = staysInPlace ? side : min(max(longest, side), 2 * side)
    guard longest != kept else { return bitmap }
    let size = CachedPicture.fitted(width: bitmap.width, height: bitmap.height, side: kept)
    return Resampler.resize(bitmap, width: size.width, height: size.height, filter: .bicubic)
  }
}

extension PictureSource {
  /// The whole picture without any change, as training without augmentation sees it: fitted into
  /// the square, on white.
  ///
  /// - Parameter out: `[3, S, S]`, normalised as `augmenter` does.
  /// - Returns: false when the picture cannot be used; nothing is written then.
  package func plain(
    at index: Int, with augmenter: Augmenter, into out: UnsafeMutablePointer<Float>
  ) -> Bool {
    guard let picture = picture(at: index) else { return false }
    augmenter.render(picture, Augmentation(), into: out)
    return true
  }
}
