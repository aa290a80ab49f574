import Foundation

/// Numbers as people read them.
package enum Format {
  /// `605 MB`, in powers of ten as files are sold.
  package static func bytes(_ count: Int) -> String {
    scaled(Double(count), units: ["bytes", "kB", "MB", "GB", "TB"])
  }

  /// `151.3 M`.
  package static func count(_ count: Int) -> String {
    scaled(Double(count), units: ["", "k", "M", "G", "T"])
  }

  private static func scaled(_ value: Double, units: [String]) -> String {
    var value = value
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let number = unit == 0 ? String(Int(value)) : decimal(value, value < 99.95 ? 1 : 0)
    return units[unit].isEmpty ? number : "\(number) \(units[unit])"
  }

  /// With a fixed count of decimals, whatever the locale.
  package static func decimal(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", locale: Locale(identifier: "en_US_POSIX"), value)
  }

  /// `93.1 %`.
  package static func percent(_ fraction: Float) -> String {
    decimal(Double(fraction) * 100, 1) + " %"
  }

  /// Time that a reader compares: `0.8 ms`, `312 ms`, `2.41 s`.
  package static func milliseconds(_ value: Double) -> String {
    value < 9.95
      ? decimal(value, 1) + " ms" : value < 999.5 ? decimal(value, 0) + " ms"
        : decimal(value / 1000, 2) + " s"
  }

  /// Time that a reader plans with: `8 s`, `3 min 20 s`, `2 h 05 min`, `11 d 3 h`.
  package static func duration(seconds: Double) -> String {
    guard seconds >= 0, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded())
    let (minutes, hours) = (whole / 60 % 60, whole / 3600)
    func padded(_ value: Int) -> String { (value < 10 ? "0" : "") + "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(minutes) min \(padded(whole % 60)) s" }
    return hours < 24 ? "\(hours) h \(padded(minutes)) min" : "\(hours / 24) d \(hours % 24) h"
  }

  /// `9.8e-04`: for what spans powers of ten.
  package static func scientific(_ value: Double) -> String {
    // Foundation writes a capital E where a locale is given.
    String(format: "%.1e", locale: Locale(identifier: "en_US_POSIX"), value).lowercased()
  }
}
