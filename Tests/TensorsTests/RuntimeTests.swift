import Foundation
import Synchronization
import Tensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads, buffers and interruption.
@Suite struct RuntimeTests {
  // MARK: Cancellation

  @Test(arguments: Precision.allCases)
  func aCancelledContextComputesNothingUntilReset(_ precision: Precision) throws {
    let context = Table.all[0].context(precision)
    let (x, w) = (context.filled([64, 512], with: 1), context.filled([512, 512], with: 1))
    context.cancellation.cancel()
    #expect(throws: TensorError.cancelled) { try context.linear(x, weight: w) }
    #expect(throws: TensorError.cancelled) { try context.product(x, w) }
    #expect(throws: TensorError.cancelled) { try context.softmax(x) }
    let heads = x.reshaped([1, 64, 8, 64])
    #expect(throws: TensorError.cancelled) {
      try context.attention(
        query: heads, key: heads, value: heads, scale: 1, site: LayerSite(tower: "t", layer: 0))
    }
    context.cancellation.reset()
    let y = try context.linear(x, weight: w).array
    #expect(y.allSatisfy { abs($0 - 512) < 1 })
  }

  /// A product that would take minutes ends when another thread says so; how promptly is left to
  /// the time limit of the test run, because timed assertions fail on busy machines.
  @Test(.timeLimit(.minutes(1)))
  func aLargeProductEndsEarly() throws {
    let table = Table.all[Table.all.count - 1]
    let pool = ThreadPool(threadCount: 2)
    defer { pool.close() }
    let context = table.context(pool: pool)
    let cancellation = context.cancellation
    let (x, w) = (context.zeros([16_384, 4096]), context.zeros([16_384, 4096]))
    // A thread of its own: tests may hold all that tasks run on.
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.05)
      cancellation.cancel()
    }
    #expect(throws: TensorError.cancelled) { try context.linear(x, weight: w) }
    cancellation.reset()
    let y = try context.linear(
      context.filled([1, 4], with: 1), weight: context.filled([2, 4], with: 1))
    #expect(y.array == [4, 4])
  }

  // MARK: Threads

  @Test func everyIterationRunsOnce() {
    for threads in 1...4 {
      let pool = ThreadPool(threadCount: threads)
      defer { pool.close() }
      for count in [0, 1, 2, 3, 1000] {
        let calls = Calls(count)
        pool.forEach(count) { calls.add($0) }
        #expect(calls.counts == [Int](repeating: 1, count: count))
      }
    }
  }

  @Test func manyShortLoopsLoseNothing() {
    let pool = ThreadPool(threadCount: 3)
    defer { pool.close() }
    let calls = Calls(3)
    for round in 0..<20_000 {
      pool.forEach(3) { calls.add($0) }
      // Now and then long enough for the workers to fall asleep.
      if round % 5000 == 0 { usleep(2000) }
    }
    #expect(calls.counts == [20_000, 20_000, 20_000])
  }

  @Test func loopsWithinLoopsRunOnTheirCaller() {
    let pool = ThreadPool(threadCount: 3)
    defer { pool.close() }
    let calls = Calls(8 * 8)
    pool.forEach(8) { outer in
      pool.forEach(8) { inner in calls.add(outer * 8 + inner) }
    }
    #expect(calls.counts == [Int](repeating: 1, count: 64))
  }

  @Test func threadsThatShareAPoolAllFinish() async {
    let pool = ThreadPool(threadCount: 2)
    let calls = Calls(100)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<50 { pool.forEach(100) { calls.add($0) } } }
      }
    }
    #expect(calls.counts == [Int](repeating: 200, count: 100))
    pool.close()
  }

  @Test func aClosedPoolStillComputes() {
    let pool = ThreadPool(threadCount: 3)
    pool.forEach(10) { _ in }
    pool.close()
    let calls = Calls(10)
    pool.forEach(10) { calls.add($0) }
    #expect(calls.counts == [Int](repeating: 1, count: 10))
    pool.close()
  }

  // MARK: Buffers

  @Test func buffersAreReused() {
    let arena = Arena()
    let first = UInt(bitPattern: arena.allocate(byteCount: 5000).base)
    #expect(arena.idleByteCount >= 5000)
    let second = arena.allocate(byteCount: 4900)
    #expect(UInt(bitPattern: second.base) == first)
    #expect(UInt(bitPattern: second.base) % 64 == 0)
    #expect(arena.idleByteCount == 0)
    let third = arena.allocate(byteCount: 5000)
    #expect(third.base != second.base)
  }

  @Test func idleBytesAreBounded() {
    let arena = Arena(idleLimit: 1 << 20)
    do {
      let held = (0..<100).map { _ in arena.allocate(byteCount: 100_000) }
      #expect(Set(held.map { UInt(bitPattern: $0.base) }).count == 100)
    }
    #expect(arena.idleByteCount <= 1 << 20)
    #expect(arena.idleByteCount > 1 << 19)
    do { _ = arena.allocate(byteCount: 2 << 20) }
    #expect(arena.idleByteCount <= 1 << 20)
    arena.trim()
    #expect(arena.idleByteCount == 0)
  }

  @Test func aSteadyComputationAsksForNoMore() throws {
    let context = Table.all[0].context()
    let (x, w) = (context.filled([50, 96], with: 1), context.filled([96, 96], with: 0.01))
    func step() throws -> Tensor {
      try context.activate(try context.linear(try context.softmax(x), weight: w), .gelu)
    }
    _ = try step()
    let idle = context.arena.idleByteCount
    for _ in 0..<5 { _ = try step() }
    #expect(context.arena.idleByteCount == idle)
  }

  @Test func lentStorageIsReadOnlyAndKept() throws {
    final class Owner {
      let bytes: UnsafeMutablePointer<Float>
      let freed: Calls
      init(_ freed: Calls) {
        bytes = .allocate(capacity: 4)
        bytes.initialize(repeating: 3, count: 4)
        self.freed = freed
      }
      deinit {
        bytes.deallocate()
        freed.add(0)
      }
    }
    let freed = Calls(1)
    do {
      let tensor: Tensor
      do {
        let owner = Owner(freed)
        tensor = Tensor(
          storage: Storage(lending: owner.bytes, byteCount: 16, from: owner), elementType: .f32,
          shape: [4])
      }
      #expect(freed.counts == [0])
      #expect(!tensor.storage.isWritable)
      #expect(tensor.array == [3, 3, 3, 3])
    }
    #expect(freed.counts == [1])
  }
}

/// Counts calls by index, from any thread.
private final class Calls: Sendable {
  private let cells: Mutex<[Int]>

  init(_ count: Int) { cells = Mutex([Int](repeating: 0, count: count)) }

  func add(_ index: Int) { cells.withLock { $0[index] += 1 } }
  var counts: [Int] { cells.withLock { $0 } }
}
