import Foundation

/// What one draw changes in a picture: everything that chance decides, apart from carrying it out.
package struct Augmentation: Sendable, Equatable {
  /// What the model sees, against the square around the whole picture: 1 × 1 is all of it.
  var viewWidth = 1.0
  var viewHeight = 1.0
  /// Where that part lies among all places within the picture: -1 left or top, 1 right or bottom.
  var placeX = 0.0
  var placeY = 0.0
  /// Radians, clockwise as seen.
  var angle = 0.0
  /// To the right and down, in parts of the side.
  var shiftX = 0.0
  var shiftY = 0.0
  var isFlipped = false
  /// Factors.
  var brightness: Float = 1
  var contrast: Float = 1
  var saturation: Float = 1
  /// Part of the circle.
  var hue = 0.0
  var isGrey = false
  var eraser: Eraser?
  /// Standard deviation in pixels of the model's picture.
  var blur = 0.0
  var background = Background.white

  /// A rectangle in parts of the side, and its colour.
  struct Eraser: Sendable, Equatable {
    var x: Double, y: Double, width: Double, height: Double
    var colour: SIMD3<Float>
  }

  enum Background: Sendable, Equatable {
    case white
    case flat(SIMD3<Float>)
    /// From one colour to another, along a direction in radians.
    case gradient(SIMD3<Float>, SIMD3<Float>, angle: Double)
    /// Smooth, between colours at the corners of a grid.
    case noise(seed: UInt64)
  }

  package init() {}

  /// Draws what a recipe leaves to chance.
  package init(_ recipe: AugmentationRecipe, using generator: inout SplitMix) {
    drawPlace(recipe, using: &generator)
    brightness = generator.factor(within: recipe.brightness)
    contrast = generator.factor(within: recipe.contrast)
    saturation = generator.factor(within: recipe.saturation)
    hue = generator.uniform(-recipe.hue...recipe.hue)
    isGrey = generator.unit() < recipe.grey
    if generator.unit() < recipe.erase {
      eraser = Eraser(greatestArea: recipe.eraseArea, using: &generator)
    }
    blur = generator.unit() * recipe.blur
    if recipe.background == .random { background = Background(using: &generator) }
  }

  private mutating func drawPlace(_ recipe: AugmentationRecipe, using generator: inout SplitMix) {
    let area = generator.uniform(recipe.area)
    let aspect = exp(generator.uniform(-1...1) * log(max(recipe.aspect, 1)))
    viewWidth = (area * aspect).squareRoot()
    viewHeight = (area / aspect).squareRoot()
    placeX = generator.uniform(-1...1)
    placeY = generator.uniform(-1...1)
    angle = generator.uniform(-1...1) * recipe.rotation * .pi / 180
    shiftX = generator.uniform(-1...1) * recipe.shift
    shiftY = generator.uniform(-1...1) * recipe.shift
    isFlipped = generator.unit() < recipe.flip
  }
}

extension AugmentationRecipe {
  /// Whether every picture is seen whole, upright and in its place, mirrored at most.
  var staysInPlace: Bool { area == 1...1 && aspect == 1 && rotation == 0 && shift == 0 }
}

extension Augmentation.Eraser {
  fileprivate init(greatestArea: Double, using generator: inout SplitMix) {
    let area = generator.uniform(min(0.02, greatestArea)...greatestArea)
    let aspect = exp(generator.uniform(-1...1) * log(3.0))
    width = min((area * aspect).squareRoot(), 1)
    height = min((area / aspect).squareRoot(), 1)
    x = generator.unit() * (1 - width)
    y = generator.unit() * (1 - height)
    colour = generator.colour()
  }
}

extension Augmentation.Background {
  fileprivate init(using generator: inout SplitMix) {
    // White more often than any other, since that is what most pictures without alpha stand on.
    switch generator.index(below: 5) {
    case 0, 1: self = .white
    case 2: self = .flat(generator.colour())
    case 3:
      self = .gradient(generator.colour(), generator.colour(), angle: generator.unit() * 2 * .pi)
    default: self = .noise(seed: generator.next())
    }
  }
}

extension SplitMix {
  fileprivate mutating func factor(within spread: Double) -> Float {
    Float(max(1 + uniform(-1...1) * spread, 0))
  }

  /// Red, green and blue in 0..<1.
  mutating func colour() -> SIMD3<Float> { SIMD3(Float(unit()), Float(unit()), Float(unit())) }
}
