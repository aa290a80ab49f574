import SwiftCSV

/// What stands between the fields of a row.
enum FieldSeparator {
  /// Fields may be in quotes, and hold commas, quotes and line ends there (RFC 4180).
  case comma
  /// A quote is a character like any other, and no field holds a tab or a line end, as in the
  /// tables that data sets come in.
  case tab
}

extension PictureGathering {
  /// Reads `.tsv` and `.csv`; rows that cannot be used are written down with their line.
  mutating func readTable(_ path: String, separator: FieldSeparator) throws(TrainingError) {
    let bytes = try tableBytes(path)
    var rows = TableRows(bytes, separator: separator)
    var columns: TableColumns?
    while let row = rows.next() {
      try checkCancellation()
      let place = "\(path), line \(row.line)"
      do throws(Unusable) {
        let fields = try row.fields(separator)
        if let columns {
          try add(fields, columns, tablePath: path, place: place)
        } else {
          let header = try Self.header(fields)
          columns = header.columns
          if !header.isHeader { try add(fields, header.columns, tablePath: path, place: place) }
        }
      } catch {
        guard columns != nil else {
          throw .data(path: path, problem: error.problem, remedy: TableColumns.remedy)
        }
        skip(place, error.problem)
      }
    }
  }

  private static func header(
    _ fields: [String]
  ) throws(Unusable) -> (columns: TableColumns, isHeader: Bool) {
    if let columns = try TableColumns(header: fields) { return (columns, true) }
    if fields.count == 2, FilePaths.isPicture(fields[0].trimmed) {
      return (.pathAndCaption, false)
    }
    throw Unusable(
      "the first row (\(fields.map { $0.prefix(40) }.joined(separator: ", "))) does not say which "
        + "column has the pictures' paths")
  }

  private mutating func add(
    _ fields: [String], _ columns: TableColumns, tablePath: String, place: String
  ) throws(Unusable) {
    guard fields.count <= columns.count else {
      throw Unusable("the row has \(fields.count) fields and the table \(columns.count) columns")
    }
    func field(_ column: Int?) -> String? {
      guard let column, column < fields.count else { return nil }
      let text = fields[column].trimmed
      return text.isEmpty ? nil : text
    }
    guard let name = field(columns.path) else { throw Unusable("the row names no picture") }
    let language = field(columns.language) ?? ""
    let captions = columns.captions.compactMap { caption in
      field(caption.column).map {
        CaptionedPictures.Caption($0, language: caption.language ?? language)
      }
    }
    let file = FilePaths.absolute(name, relativeTo: FilePaths.folder(of: tablePath))
    add(.file(file), captions: captions, group: field(columns.group), place: place)
  }
}

/// The rows of a table, one after another, so that one broken row costs no other.
struct TableRows {
  struct Row {
    /// Without its line end.
    var bytes: ArraySlice<UInt8>
    /// Of its first byte, from 1.
    var line: Int
    /// Nil for a row that is whole.
    var problem: String?
  }

  private var rest: ArraySlice<UInt8>
  private let separator: FieldSeparator
  private var line = 1

  init(_ bytes: ArraySlice<UInt8>, separator: FieldSeparator) {
    rest = bytes
    self.separator = separator
  }

  /// A row cannot be longer than this; it bounds what an open quote can swallow.
  private static let maximumRowBytes = 1 << 20

  /// The next row that is not blank.
  mutating func next() -> Row? {
    while !rest.isEmpty {
      let firstLine = line
      guard let quoted = endOfRow() else {
        // Go on after the line that opens the quote, as if nothing had been opened.
        let end = rest.firstIndex(of: newline) ?? rest.endIndex
        let row = take(to: end)
        return Row(bytes: row, line: firstLine, problem: "a quote is opened and never closed")
      }
      let row = take(to: quoted)
      if row.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) {
        return Row(bytes: row, line: firstLine)
      }
    }
    return nil
  }

  private mutating func take(to end: Int) -> ArraySlice<UInt8> {
    var row = rest[..<end]
    line += row.count { $0 == newline } + 1
    rest = rest[min(end + 1, rest.endIndex)...]
    if row.last == 0x0D { row.removeLast() }
    return row
  }

  /// Where the row's line end is, outside of quotes; nil when a quote stays open.
  private func endOfRow() -> Int? {
    guard separator == .comma else { return rest.firstIndex(of: newline) ?? rest.endIndex }
    let limit = min(rest.endIndex, rest.startIndex + Self.maximumRowBytes)
    // Two quotes inside quotes are one: the second opens again what the first closed, so that a
    // field which began with a quote may be opened until something else follows.
    var (isQuoted, mayOpen) = (false, true)
    for index in rest.startIndex..<limit {
      switch rest[index] {
      case quote where isQuoted || mayOpen: isQuoted.toggle()
      case _ where isQuoted: break
      case newline: return index
      case UInt8(ascii: ","): mayOpen = true
      case 0x20: break
      default: mayOpen = false
      }
    }
    return isQuoted ? nil : limit == rest.endIndex ? limit : nil
  }

  private var newline: UInt8 { 0x0A }
  private var quote: UInt8 { UInt8(ascii: "\"") }
}

extension TableRows.Row {
  /// The fields, unquoted.
  func fields(_ separator: FieldSeparator) throws(Unusable) -> [String] {
    if let problem { throw Unusable(problem) }
    // Most rows have no quotes, and cutting them up is six times as fast.
    guard separator == .comma, bytes.contains(UInt8(ascii: "\"")) else {
      var fields: [String] = []
      let byte = separator == .comma ? UInt8(ascii: ",") : 0x09
      for part in bytes.split(separator: byte, omittingEmptySubsequences: false) {
        fields.append(try part.text())
      }
      return fields
    }
    let opaque = String(String.UnicodeScalarView(bytes.map(Self.opaque)))
    let parsed: [String]
    do {
      parsed = try EnumeratedCSV(string: opaque, delimiter: .comma, loadColumns: false, rowLimit: 0).header
    } catch {
      throw Unusable("a field has a quote in the wrong place")
    }
    var fields: [String] = []
    for field in parsed { fields.append(try field.unicodeScalars.map(Self.byte)[...].text()) }
    return fields
  }

  /// SwiftCSV compares grapheme clusters, and a comma before a combining mark or a skin tone is
  /// one with it; it also ends rows at rare separators. Bytes that are not printable ASCII pass
  /// through it as private characters, which combine with nothing.
  private static func opaque(_ byte: UInt8) -> Unicode.Scalar {
    (0x20..<0x7F).contains(byte) ? Unicode.Scalar(byte) : Unicode.Scalar(0xE000 + UInt32(byte)) ?? " "
  }

  private static func byte(_ scalar: Unicode.Scalar) -> UInt8 {
    UInt8(truncatingIfNeeded: scalar.value)
  }
}

extension ArraySlice<UInt8> {
  /// As text.
  func text() throws(Unusable) -> String {
    guard let text = String(validating: self, as: UTF8.self) else { throw Unusable("is not UTF-8 text") }
    return text
  }
}
