import Foundation
import Tensors

/// AdamW and what it remembers of the steps before (Loshchilov & Hutter 2019).
package struct AdamW {
  package let recipe: OptimizerRecipe
  package private(set) var means: Parameters
  package private(set) var squares: Parameters
  /// An exponential moving average of the weights, where the recipe asks for one.
  package private(set) var average: Parameters?
  package private(set) var count: Int

  package init(
    _ recipe: OptimizerRecipe, of parameters: Parameters, in context: ExecutionContext
  ) throws(TensorError) {
    self.recipe = recipe
    means = try parameters.map { _, tensor in context.zeros(tensor.shape) }
    squares = try parameters.map { _, tensor in context.zeros(tensor.shape) }
    average = recipe.averageDecay == nil ? nil : parameters
    count = 0
  }

  /// As it was when it was saved.
  package init(
    _ recipe: OptimizerRecipe, means: Parameters, squares: Parameters, average: Parameters?,
    count: Int
  ) {
    self.recipe = recipe
    self.means = means
    self.squares = squares
    self.average = average
    self.count = count
  }

  /// The weights after one step, and how long the gradient was before it was clipped.
  ///
  /// - Throws: when cancelled before anything has changed: what follows is not to be interrupted, for
  ///   means, squares, average and weights are one.
  package mutating func step(
    _ parameters: Parameters, gradients: Parameters, learningRate: Double,
    in context: ExecutionContext
  ) throws(TensorError) -> (parameters: Parameters, gradientNorm: Double) {
    var squaresSum = 0.0
    for (_, gradient) in gradients.all { squaresSum += try context.sumOfSquares(gradient) }
    let norm = squaresSum.squareRoot()
    guard norm.isFinite else { return (parameters, norm) }
    guard !context.cancellation.isCancelled else { throw .cancelled }
    let context = context.uninterrupted
    count += 1
    let scale = recipe.clip.map { min(1, $0 / max(norm, 1e-12)) } ?? 1
    let updated = try parameters.map { name, tensor throws(TensorError) in
      guard let gradient = gradients[name], let mean = means[name], let square = squares[name]
      else { return tensor }
      return try context.adam(
        tensor, gradient: gradient, mean: mean, square: square,
        AdamStep(
          learningRate: learningRate, beta1: recipe.beta1, beta2: recipe.beta2,
          epsilon: recipe.epsilon,
          weightDecay: Parameters.decays(name, tensor.shape) ? recipe.weightDecay : 0,
          gradientScale: scale, count: count))
    }
    if let decay = recipe.averageDecay { try follow(updated, decay: decay, in: context) }
    return (updated, norm)
  }

  /// Early on the average follows faster, so that it forgets the random start.
  private mutating func follow(
    _ parameters: Parameters, decay: Double, in context: ExecutionContext
  ) throws(TensorError) {
    let decay = min(decay, Double(1 + count) / Double(10 + count))
    average = try average?.map { name, tensor throws(TensorError) in
      guard let latest = parameters[name] else { return tensor }
      return try context.mixed(latest, Float(1 - decay), tensor, Float(decay))
    }
  }
}
