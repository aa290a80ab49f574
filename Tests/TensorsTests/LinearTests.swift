import Tensors
import Testing

@Suite struct LinearTests {
  @Test(arguments: KernelTable.available.map(\.name))
  func multipliesByEveryTable(_ isa: String) throws {
    let context = ExecutionContext(
      kernels: try #require(KernelTable.named(isa)), pool: ThreadPool(threadCount: 2))
    let x = context.tensor([1, 2, 3, 4, 5, 6], [2, 3])
    let w = context.tensor([1, 0, 0, 0, 1, 1], [2, 3])
    let b = context.tensor([10, 20], [2])
    #expect(try context.linear(x, weight: w, bias: b).array == [11, 25, 14, 31])
  }
}
