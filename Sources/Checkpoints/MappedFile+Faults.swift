import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where files are mapped, in a form that a signal handler may read.
///
/// `@unchecked Sendable`: writers hold the mutex. The handler reads plain words without it; a
/// slot is filled before its file's bytes are handed out and emptied before they go, so the
/// slot of a faulting address is at rest.
final class FaultTable: @unchecked Sendable {
  static let shared = FaultTable()

  private struct Slot {
    var start: UInt = 0
    var end: UInt = 0
    var path: UnsafeMutablePointer<CChar>?
  }

  /// Files beyond the table are mapped all the same; a fault in one is not named.
  private static let capacity = 256
  private let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
  private let writing = Mutex(())

  private init() { slots.initialize(repeating: Slot(), count: FaultTable.capacity) }

  func add(_ base: UnsafeRawPointer, byteCount: Int, path: String) -> Int? {
    writing.withLock { _ in
      guard let free = (0..<FaultTable.capacity).first(where: { slots[$0].path == nil }) else {
        return nil
      }
      let (start, page) = (UInt(bitPattern: base), UInt(getpagesize()))
      // A page is whole in memory although the file may end within it.
      let pages = (UInt(byteCount) + page - 1) / page
      slots[free] = Slot(start: start, end: start + pages * page, path: strdup(path.escapedText))
      return free
    }
  }

  func remove(_ index: Int) {
    writing.withLock { _ in
      free(slots[index].path)
      slots[index] = Slot()
    }
  }

  /// The path of the file mapped at `address`. Safe in a signal handler: it neither allocates nor
  /// locks.
  func path(at address: UInt) -> UnsafePointer<CChar>? {
    for index in 0..<FaultTable.capacity {
      let slot = slots[index]
      if address >= slot.start, address < slot.end, let path = slot.path {
        return UnsafePointer(path)
      }
    }
    return nil
  }
}

extension MappedFile {
  /// Writes which mapped file a fault at `address` lies in, if any, to `descriptor`.
  ///
  /// For signal handlers: after the first mapping it neither allocates nor locks.
  ///
  /// - Returns: whether the address belongs to a mapped file.
  @discardableResult
  package static func reportFault(at address: UInt, to descriptor: CInt) -> Bool {
    guard let path = FaultTable.shared.path(at: address) else { return false }
    write(descriptor, "gaze: ")
    _ = writeBytes(descriptor, path, strlen(path))
    write(descriptor, " was cut short or became unreadable while in use; load it again\n")
    return true
  }

  /// Makes a fault in a mapped file name that file on standard error before it ends the process.
  ///
  /// Other faults go on to whatever handled `SIGBUS` before. A front end that handles it later, to
  /// restore its terminal, steps aside for this one alike.
  package static func installFaultReporter() {
    _ = FaultTable.shared
    guard previousActionIsSaved.exchange(true, ordering: .acquiringAndReleasing) == false else {
      return
    }
    var action = sigaction()
    sigemptyset(&action.sa_mask)
    action.sa_flags = CInt(SA_SIGINFO)
    #if canImport(Glibc)
      action.__sigaction_handler.sa_sigaction = { _, info, _ in handleFault(info) }
    #else
      action.__sigaction_u.__sa_sigaction = { _, info, _ in handleFault(info) }
    #endif
    sigaction(SIGBUS, &action, previousAction)
  }
}

private func write(_ descriptor: CInt, _ text: StaticString) {
  _ = writeBytes(descriptor, text.utf8Start, text.utf8CodeUnitCount)
}

private func writeBytes(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}

private let previousActionIsSaved = Atomic(false)
private let isReporting = Atomic(false)

/// Written once, before the handler that reads it is in place.
private nonisolated(unsafe) let previousAction = {
  let action = UnsafeMutablePointer<sigaction>.allocate(capacity: 1)
  action.initialize(to: sigaction())
  return action
}()

private func handleFault(_ info: UnsafeMutablePointer<siginfo_t>?) {
  // Sent by somebody: there is no fault that would come again.
  guard let info, info.pointee.si_code > 0 else {
    sigaction(SIGBUS, previousAction, nil)
    raise(SIGBUS)
    return
  }
  #if canImport(Glibc)
    let address = info.pointee._sifields._sigfault.si_addr
  #else
    let address = info.pointee.si_addr
  #endif
  // Threads that share the work fault together; the first one speaks, and ends them all.
  if isReporting.exchange(true, ordering: .acquiringAndReleasing) { while true { pause() } }
  if MappedFile.reportFault(at: UInt(bitPattern: address), to: STDERR_FILENO) {
    // All that is known has been said: a trace of the stack would only hide it.
    signal(SIGBUS, SIG_DFL)
  } else {
    sigaction(SIGBUS, previousAction, nil)
  }
}
