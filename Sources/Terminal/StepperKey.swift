import Screen

/// A key of the stepper, which walks through an attention map.
package enum StepperKey: String, CaseIterable, Hashable, Sendable {
  case nextToken, previousToken, previousHead, nextHead, upLayer, downLayer
  case method, overlay, export, again, quit

  init?(_ action: Action) {
    switch action {
    case .stepNextToken: self = .nextToken
    case .stepPreviousToken: self = .previousToken
    case .stepPreviousHead: self = .previousHead
    case .stepNextHead: self = .nextHead
    case .stepUpLayer: self = .upLayer
    case .stepDownLayer: self = .downLayer
    case .stepMethod: self = .method
    case .stepOverlay: self = .overlay
    case .stepExport: self = .export
    case .stepRepeat: self = .again
    case .stepQuit: self = .quit
    default: return nil
    }
  }
}
