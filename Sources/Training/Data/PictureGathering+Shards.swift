extension PictureGathering {
  /// Reads the headers of a WebDataset shard, and its texts; pictures are jumped over.
  ///
  /// Members are one sample when their paths are equal up to the first full stop of the name: a
  /// picture, and captions in `.txt`, `.txt.ko`, `.ko.txt` or `.json`. A shard that breaks off is
  /// used as far as it goes.
  mutating func readShard(_ path: String) throws(TrainingError) {
    var samples = ShardSamples()
    do throws(Unusable) {
      let reader = try TarReader(path: path)
      while cancellation?.isCancelled != true, let member = try reader.next() {
        try take(member, of: reader, shard: path, into: &samples)
      }
    } catch {
      if let kind = TarReader.compression(of: path) {
        throw .data(
          path: path, problem: "the shard is compressed with \(kind), and pictures are read from its middle",
          remedy: "unpack it to a plain .tar; pictures are compressed already")
      }
      skip(path, "\(error.problem); \(samples.samples.count) samples before that are used")
    }
    try checkCancellation()
    for sample in samples.samples {
      let place = "\(path): \(sample.name)"
      if let picture = sample.picture {
        add(
          .member(shard: path, offset: picture.offset, name: picture.name),
          captions: sample.captions, group: sample.group, place: place)
      } else {
        skip(place, "the sample has no picture that can be used")
      }
    }
  }

  private mutating func take(
    _ member: TarReader.Member, of reader: TarReader, shard: String, into samples: inout ShardSamples
  ) throws(Unusable) {
    guard member.isFile, let role = ShardSamples.Role(name: member.name) else { return }
    let place = "\(shard): \(member.name)"
    let limit = role.limit
    guard member.size > 0, member.size <= limit else {
      return skip(
        place, member.size == 0 ? "is empty" : "has \(member.size) bytes, more than the limit of \(limit)")
    }
    switch role {
    case .picture:
      if !samples.add(picture: member) {
        skip(place, "the sample has a picture already: names are one sample up to their first full stop")
      }
    case .text(let language):
      let bytes = try reader.bytes(of: member)
      samples.add(captionLines(bytes, language: language, place: place), of: member.name)
    case .json:
      let bytes = try reader.bytes(of: member)
      do throws(Unusable) {
        let fields = try SampleFields(json: bytes[...], source: place)
        samples.add(fields.captions, group: fields.group, of: member.name)
      } catch {
        skip(place, error.problem)
      }
    }
  }
}

/// The samples of a shard as their members come, in the order of the first member of each.
struct ShardSamples {
  struct Sample {
    /// Of the member that came first.
    var name: String
    var picture: TarReader.Member?
    var captions: [CaptionedPictures.Caption] = []
    var group: String?
  }

  private(set) var samples: [Sample] = []
  private var places: [[UInt8]: Int] = [:]

  /// What a member is to its sample; nil: nothing.
  enum Role: Equatable {
    case picture
    case text(language: String)
    case json

    init?(name: String) {
      let base = FilePaths.name(of: name)
      let parts = base.lowercased().split(separator: ".", omittingEmptySubsequences: false).dropFirst()
      // A name that begins with a full stop is hidden, as macOS adds them.
      guard !base.hasPrefix("."), let last = parts.last else { return nil }
      let before = parts.dropLast().last ?? ""
      if FilePaths.pictureExtensions.contains(String(last)) {
        self = .picture
      } else if last == "json" {
        self = .json
      } else if last == "txt" {
        self = .text(language: CaptionLines.isLanguage(before) ? String(before) : "")
      } else if before == "txt", CaptionLines.isLanguage(last) {
        self = .text(language: String(last))
      } else {
        return nil
      }
    }

    /// Bytes that the member may have.
    var limit: Int {
      self == .picture ? CaptionedPictures.maximumFileBytes : CaptionLines.maximumBytes
    }
  }

  /// False when the sample has one already.
  mutating func add(picture: TarReader.Member) -> Bool {
    let place = place(of: picture.name)
    guard samples[place].picture == nil else { return false }
    samples[place].picture = picture
    return true
  }

  mutating func add(
    _ captions: [CaptionedPictures.Caption], group: String? = nil, of name: String
  ) {
    let place = place(of: name)
    samples[place].captions += captions
    samples[place].group = samples[place].group ?? group
  }

  private mutating func place(of name: String) -> Int {
    let folder = name.utf8.count - FilePaths.name(of: name).utf8.count
    let stop = name.utf8.dropFirst(folder).firstIndex(of: UInt8(ascii: ".")) ?? name.endIndex
    let key = Array(name.utf8[..<stop])
    if let known = places[key] { return known }
    places[key] = samples.count
    samples.append(Sample(name: name))
    return samples.count - 1
  }
}
