import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Plain threads that share out the iterations of one loop at a time.
///
/// Workers spin for a while after each loop, so that the many short loops of a forward pass
/// cost no system call, and then sleep. Iterations are handed out by one atomic counter.
///
/// One loop at a time has the workers. A loop inside a loop, or one that another thread starts
/// meanwhile, runs on its caller alone: slower, never stuck.
///
/// `@unchecked Sendable`: `threadCount` is written by `init` alone, and no worker reads it; `job`
/// and `limit` are written only by the thread that holds `isBusy`, before it publishes a new
/// `round`, and read by workers only after they have seen that round and before they report
/// through `pending`.
package final class ThreadPool: @unchecked Sendable {
  /// Threads that a loop runs on, the caller's own included: as many as were asked for, or as the
  /// system granted.
  package private(set) var threadCount: Int

  /// Held by the thread whose loop has the workers.
  private let isBusy = Atomic<Bool>(false)
  private let round = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let pending = Atomic<Int>(0)
  private let closed = Atomic<Bool>(false)
  private var job: ((Int) -> Void)?
  private var limit = 0
  private let bell: Bell

  /// - Parameter threadCount: threads to use, at least one; by default one per processor.
  package init(threadCount: Int = ThreadPool.processorCount) {
    self.threadCount = 1
    bell = Bell()
    while self.threadCount < threadCount, startWorker() { self.threadCount += 1 }
  }

  /// Ends the workers once they are idle. The pool runs loops on the caller alone afterwards.
  ///
  /// Not to be called from within a loop, which it would wait for.
  package func close() {
    while !takeWorkers() { sched_yield() }
    closed.store(true, ordering: .releasing)
    round.add(1, ordering: .sequentiallyConsistent)
    bell.ring()
    isBusy.store(false, ordering: .releasing)
  }

  private func takeWorkers() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  /// The processors that this process may run on.
  package static var processorCount: Int { max(1, Int(gaze_processor_count())) }

  /// Calls `body` once for each index below `count`, on all threads, in no particular order;
  /// returns when all calls have.
  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard threadCount > 1, count > 1, takeWorkers() else {
      for index in 0..<count { body(index) }
      return
    }
    defer { isBusy.store(false, ordering: .releasing) }
    // Read once the workers are ours: they cannot leave from here on.
    guard !closed.load(ordering: .acquiring) else {
      for index in 0..<count { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      job = body
      limit = count
      next.store(0, ordering: .relaxed)
      pending.store(threadCount - 1, ordering: .relaxed)
      round.add(1, ordering: .sequentiallyConsistent)
      bell.ring()
      takeIterations(of: body, below: count)
      var spins = 0
      while pending.load(ordering: .acquiring) > 0 {
        spins += 1
        if spins > 4000 { sched_yield() } else { gaze_pause() }
      }
      job = nil
    }
  }

  private func takeIterations(of body: (Int) -> Void, below count: Int) {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
    }
  }

  /// False when the system refuses a thread: a limit of the user, or of the container.
  private func startWorker() -> Bool {
    let box = Unmanaged.passRetained(self)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let failure = pthread_create(&thread, &attributes, { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadPool>.fromOpaque(argument).takeRetainedValue().work()
      return nil
    }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    if failure != 0 { box.release() }
    return failure == 0
  }

  private func work() {
    var seen = 0
    while true {
      seen = awaitRound(after: seen)
      if closed.load(ordering: .acquiring) { return }
      if let job { takeIterations(of: job, below: limit) }
      pending.subtract(1, ordering: .releasing)
    }
  }

  /// Spins for some tens of microseconds, then sleeps until the next round.
  private func awaitRound(after seen: Int) -> Int {
    for _ in 0..<2000 {
      let current = round.load(ordering: .acquiring)
      if current != seen { return current }
      gaze_pause()
    }
    return bell.wait {
      let current = round.load(ordering: .sequentiallyConsistent)
      return current != seen ? current : nil
    }
  }
}

/// A condition variable: sleeping until something is true, and waking the sleepers.
///
/// `@unchecked Sendable`: the pointers are set once and name POSIX objects made for sharing.
private final class Bell: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let sleepers = Atomic<Int>(0)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Wakes every sleeper; costs one atomic read when nobody sleeps.
  func ring() {
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func wait<Value>(until arrived: () -> Value?) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
    while true {
      if let value = arrived() { return value }
      pthread_cond_wait(condition, mutex)
    }
  }
}
