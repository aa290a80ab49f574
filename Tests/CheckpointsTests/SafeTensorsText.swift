import Foundation

/// A safetensors file with any header, valid or not.
func safeTensors(header: String, data: [UInt8] = [], announcing length: UInt64? = nil) -> [UInt8] {
  let header = Array(header.utf8)
  let length = length ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header + data
}

/// A valid file of f32 tensors, one after the other.
func safeTensors(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> [UInt8] {
  var (entries, data): ([String], [UInt8]) = ([], [])
  for (name, shape, values) in tensors {
    let start = data.count
    for value in values { withUnsafeBytes(of: value) { data += $0 } }
    entries.append(
      #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(data.count)]}"#)
  }
  var header = "{" + entries.joined(separator: ",") + "}"
  while header.utf8.count % 8 != 0 { header += " " }
  return safeTensors(header: header, data: data)
}
