import CKernels

/// The kernels of one instruction set.
package struct KernelTable: Sendable {
  /// The C functions. Immutable static data, so sharing the pointer is safe.
  nonisolated(unsafe) let functions: UnsafePointer<gaze_kernel_table>

  /// The name at the prompt and in `GAZE_ISA`: `avx512`, `avx2`, `neon` or `portable`.
  package var name: String { String(cString: functions.pointee.name) }

  /// Every table that this machine can run, fastest first.
  package static let available: [KernelTable] = {
    var tables: [KernelTable] = []
    while let functions = gaze_kernel_table_at(Int32(tables.count)) {
      tables.append(KernelTable(functions: functions))
    }
    return tables
  }()

  /// The table called `name`, or nil when this machine cannot run it.
  package static func named(_ name: String) -> KernelTable? {
    available.first { $0.name == name }
  }
}
