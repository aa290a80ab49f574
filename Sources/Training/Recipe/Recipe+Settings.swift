extension Recipe {
  /// One thing that a recipe sets, under its key in the file.
  package typealias Setting = (key: String, value: String)

  /// Everything that the numbers of a run follow from, defaults included.
  ///
  /// Left out is what changes none of them: the name, where and how often is written, what the model
  /// card says, how many threads read, and what is kept in memory.
  package var settings: [Setting] {
    var settings: [Setting] = [
      ("seed", "\(seed)"),
      ("precision", precision.rawValue),
    ]
    settings += data.settings
    switch tokenizer {
    case .file(let path): settings.append(("tokenizer", path.inOneLine))
    case .trained(let vocabulary, let minimumCount):
      settings.append(("tokenizer.vocabulary", "\(vocabulary)"))
      settings.append(("tokenizer.minimum-count", "\(minimumCount)"))
    }
    settings += model.settings
    settings += [
      ("loss.kind", loss.kind.rawValue),
      ("loss.temperature", "\(loss.temperature)"),
      ("loss.label-smoothing", "\(loss.labelSmoothing)"),
    ]
    settings += optimizer.settings
    settings += [
      ("schedule.steps", "\(schedule.steps)"),
      ("schedule.warm-up", "\(schedule.warmUp)"),
      ("schedule.final-rate", "\(schedule.finalRate)"),
      ("schedule.batch", "\(schedule.batch)"),
      ("schedule.chunk", "\(schedule.chunk ?? schedule.batch)"),
    ]
    settings += evaluation?.settings ?? [("evaluation", "none")]
    settings.append(("output.dtype", output.dtype.rawValue))
    return settings
  }

  /// The keys under which this recipe says something else than those settings, in the order of the
  /// file: what a run that goes on from a saved state names when it refuses to.
  package func keys(differingFrom earlier: [Setting]) -> [String] {
    let before = Dictionary(earlier.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    let now = settings
    let changed = now.filter { before[$0.key] != $0.value }.map(\.key)
    let known = Set(now.map(\.key))
    return changed + earlier.map(\.key).filter { !known.contains($0) }
  }
}

extension String {
  /// This text between quotation marks, its line breaks written as `\n`.
  fileprivate var inOneLine: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

extension [String] {
  fileprivate var inOneLine: String { "[" + map(\.inOneLine).joined(separator: ", ") + "]" }
}

/// Templates by language, each language a setting of its own.
private func settings(_ key: String, of templates: [String: [String]]) -> [Recipe.Setting] {
  templates.sorted { $0.key < $1.key }.map { language, list in
    (language.isEmpty ? key : "\(key).\(language)", list.inOneLine)
  }
}

extension DataRecipe {
  fileprivate var settings: [Recipe.Setting] {
    var settings: [Recipe.Setting] = sources.enumerated().map { index, source in
      ("data.sources[\(index)]", "\(source.path.inOneLine) × \(source.repeats)")
    }
    settings += languages.sorted { $0.key < $1.key }.map { ("data.languages.\($0)", "\($1)") }
    settings += Training.settings("data.templates", of: templates)
    settings += augmentation.settings.map { ("data.augmentation.\($0.key)", $0.value) }
    return settings
  }
}

extension AugmentationRecipe {
  fileprivate var settings: [Recipe.Setting] {
    [
      ("area", "[\(area.lowerBound), \(area.upperBound)]"),
      ("aspect", "\(aspect)"), ("rotation", "\(rotation)"), ("shift", "\(shift)"),
      ("flip", "\(flip)"), ("brightness", "\(brightness)"), ("contrast", "\(contrast)"),
      ("saturation", "\(saturation)"), ("hue", "\(hue)"), ("grey", "\(grey)"),
      ("erase", "\(erase)"), ("erase-area", "\(eraseArea)"), ("blur", "\(blur)"),
      ("background", background.rawValue),
    ]
  }
}

extension ModelRecipe {
  fileprivate var settings: [Recipe.Setting] {
    let passes: [Recipe.Setting] = [
      ("model.patch-dropout", "\(patchDropout)"),
      // What is computed twice may be rounded twice.
      ("model.checkpoint-activations", "\(checkpointsActivations)"),
    ]
    // The checkpoint's sizes hold, whatever stands in their places here.
    if let start { return [("model.start", start.inOneLine)] + passes }
    return [
      ("model.image-size", "\(imageSize)"), ("model.patch-size", "\(patchSize)"),
      ("model.embedding", "\(embeddingWidth)"),
    ] + vision.settings.map { ("model.vision.\($0.key)", $0.value) }
      + text.settings.map { ("model.text.\($0.key)", $0.value) }
      + [
        ("model.text.positions", "\(textPositions)"),
        ("model.activation", activation.rawValue),
      ] + passes
  }
}

extension TransformerRecipe {
  fileprivate var settings: [Recipe.Setting] {
    [
      ("width", "\(width)"), ("layers", "\(layers)"), ("heads", "\(heads)"),
      ("feed-forward", "\(feedForwardWidth)"),
    ]
  }
}

extension OptimizerRecipe {
  fileprivate var settings: [Recipe.Setting] {
    [
      ("optimizer.learning-rate", "\(learningRate)"),
      ("optimizer.betas", "[\(beta1), \(beta2)]"),
      ("optimizer.epsilon", "\(epsilon)"),
      ("optimizer.weight-decay", "\(weightDecay)"),
      ("optimizer.clip", clip.map { "\($0)" } ?? "none"),
      ("optimizer.average", averageDecay.map { "\($0)" } ?? "none"),
    ]
  }
}

extension EvaluationRecipe {
  fileprivate var settings: [Recipe.Setting] {
    [
      ("evaluation.source", source.inOneLine), ("evaluation.every", "\(every)"),
      ("evaluation.limit", limit.map { "\($0)" } ?? "none"),
      ("evaluation.labels", labels?.inOneLine ?? "none"),
    ] + Training.settings("evaluation.templates", of: templates)
  }
}
