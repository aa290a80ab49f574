import Tensors
import Testing

/// One input of a differentiated function.
struct Variable {
  let values: [Float]
  let shape: Shape

  init(_ values: [Float], _ shape: Shape) {
    self.values = values
    self.shape = shape
  }

  /// Noise of this shape.
  init(_ shape: Shape, seed: Int, in range: ClosedRange<Float> = -1...1) {
    var noise = Noise(seed)
    self.init(noise.floats(shape.elementCount, in: range), shape)
  }
}

/// Holds an operation's gradients against central differences of its reference in `Double`,
/// with a random weight on every output cell: all inputs watched at once, then each one alone.
func expectGradients(
  of name: String, _ variables: [Variable], relative: Double = 2e-5,
  sourceLocation: SourceLocation = #_sourceLocation,
  reference: ([[Double]]) -> [Double],
  operation: (ExecutionContext, [Tensor]) throws(TensorError) -> Tensor
) throws {
  let inputs = variables.map(\.values.doubles)
  let value = reference(inputs)
  var noise = Noise(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
  let seed = noise.floats(value.count)
  let expected = inputs.indices.map { differences(reference, inputs, $0, seed: seed.doubles) }
  for table in Table.all {
    let context = table.context()
    let watchings = [Array(variables.indices)] + variables.indices.map { [$0] }
    for watched in watchings {
      var tensors: [Tensor] = []
      let (output, gradients) = try context.differentiate(
        seed: context.tensor(seed, seedShape(of: context, variables, operation))
      ) { tape throws(TensorError) in
        tensors = variables.enumerated().map { index, variable in
          let tensor = context.tensor(variable.values, variable.shape)
          return watched.contains(index) ? tape.watch(tensor) : tensor
        }
        return try operation(context, tensors)
      }
      expectClose(
        try context.contiguous(output).array, value, relative: 1e-5, "\(name), \(table)",
        sourceLocation: sourceLocation)
      for index in variables.indices {
        let gradient = gradients[tensors[index]]
        guard watched.contains(index) else {
          #expect(gradient == nil, sourceLocation: sourceLocation)
          continue
        }
        guard let gradient else {
          Issue.record("\(name): no gradient of input \(index)", sourceLocation: sourceLocation)
          continue
        }
        #expect(gradient.shape == variables[index].shape, sourceLocation: sourceLocation)
        expectClose(
          try context.contiguous(gradient).array, expected[index], relative: relative,
          "gradient of \(name), input \(index), \(table)", sourceLocation: sourceLocation)
      }
    }
  }
}

private func seedShape(
  of context: ExecutionContext, _ variables: [Variable],
  _ operation: (ExecutionContext, [Tensor]) throws(TensorError) -> Tensor
) throws(TensorError) -> Shape {
  try operation(context, variables.map { context.tensor($0.values, $0.shape) }).shape
}

/// ∂(seed · f)/∂input by central differences, with a step that balances rounding and curvature.
private func differences(
  _ function: ([[Double]]) -> [Double], _ inputs: [[Double]], _ index: Int, seed: [Double]
) -> [Double] {
  var inputs = inputs
  func score() -> Double { zip(function(inputs), seed).reduce(0) { $0 + $1.0 * $1.1 } }
  return inputs[index].indices.map { cell in
    let (value, step) = (inputs[index][cell], 1e-5)
    inputs[index][cell] = value + step
    let above = score()
    inputs[index][cell] = value - step
    let below = score()
    inputs[index][cell] = value
    return (above - below) / (2 * step)
  }
}
