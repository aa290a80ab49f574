/// A tar file in the plain format of 1988, valid unless a test says otherwise.
struct TarBuilder {
  private(set) var bytes: [UInt8] = []

  /// - Parameters:
  ///   - announcedSize: what the header says, where that is not the truth.
  ///   - type: `0` a file, `1` a hard link, `2` a link, `5` a folder.
  mutating func add(
    _ name: String, _ data: [UInt8], announcedSize: Int? = nil, type: Unicode.Scalar = "0"
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ value: Int, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put("0000644", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(octal(announcedSize ?? data.count, digits: 11), at: 124)
    put("00000000000", at: 136)
    put("        ", at: 148)
    put(String(type), at: 156)
    if type == "1" || type == "2" { put("target.png", at: 157) }
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
    header[154] = 0
    bytes += header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  mutating func add(_ name: String, _ text: String) { add(name, Array(text.utf8)) }

  /// With the zeros that end an archive.
  var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
