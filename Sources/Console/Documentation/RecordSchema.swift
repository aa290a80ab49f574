/// What JSON Lines records look like: `docs/records.schema.json`.
///
/// Every verb's data is described here and nowhere else; a test holds real records of every verb
/// against it, with no member unaccounted for.
package enum RecordSchema {
  /// The schema as a document.
  package static func json() -> String {
    let shapes = [("partial", partial)] + verbs + [("diverted", diverted)]
    let definitions = shapes.map { name, schema in
      "    \"\(name)\": \(schema.json(indent: 4))"
    }.joined(separator: ",\n")
    return """
      {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of gaze --json",
        "if": { "required": ["partial"] },
        "then": { "$ref": "#/$defs/partial" },
        "else": { "$ref": "#/$defs/whole" },
        "$defs": {
          "whole": \(whole),
      \(definitions)
        }
      }

      """
  }

  /// A command's record: its shape, and the data that its verb has.
  private static var whole: String {
    let choices = verbs.map { verb, _ in
      """
              { "if": { "properties": { "verb": { "const": "\(verb)" } } },
                "then": { "properties": { "data": { "anyOf": [
                  { "$ref": "#/$defs/\(verb)" }, { "$ref": "#/$defs/diverted" }] } } } }
      """
    }.joined(separator: ",\n")
    var members = record.json(indent: 4).split(separator: "\n", omittingEmptySubsequences: false)
    members.removeLast()
    return """
      \(members.joined(separator: "\n")),
            "oneOf": [{ "required": ["data"] }, { "required": ["error"] }],
            "allOf": [
      \(choices)
            ]
          }
      """
  }

  /// What every record begins with.
  private static func head(_ verb: Schema) -> [Schema.Field] {
    [
      .field("schema", .constant("\(JSONRecord.schema)")), .field("seq", .integer),
      .field("verb", verb),
      .optional("source", .object([.field("file", .string), .field("line", .integer)])),
    ]
  }

  /// What every command's record has.
  static let record = Schema.object(
    head(.string) + [
      .field("ok", .boolean),
      .field("ms", .number),
      .field("cached", .integer),
      .field("warnings", .array(.object([.field("code", .string), .field("message", .string)]))),
      .optional("data", .anything),
      .optional(
        "error",
        .object([
          .field("code", .string), .field("message", .string), .optional("remedy", .string),
        ])),
    ])

  /// What is said on the way to one, of the verbs that take their time.
  private static let partial: Schema = {
    func record(_ verbs: [String], _ data: [Schema.Field]) -> Schema {
      .object(
        head(.one(of: verbs))
          + [.field("partial", .constant("true")), .field("data", .object(data))])
    }
    return .either([
      record(
        ["bench", "image", "rank", "search"],
        [.field("stage", .string), .field("completed", .integer), .field("total", .integer)]),
      record(
        ["train"],
        [
          .field("step", .integer), .field("steps", .integer), .field("epoch", .number),
          .field("loss", .real), .field("logitScale", .real), .field("learningRate", .real),
          .field("gradientNorm", .real), .field("batchAccuracy", .number),
          .field("pairsPerSecond", .real), .field("secondsLeft", .real),
          .optional("heldOut", heldOut), .field("skipped", .integer),
        ]),
    ])
  }()

  /// The data of each verb.
  static var verbs: [(verb: String, data: Schema)] {
    let known = data
    return CommandReference.signatures.map(\.name).map { ($0, known[$0] ?? nothing) }
      + [("!", .object([.field("output", .string), .field("status", .integer)]))]
  }

  /// Of a result that `:once` sent to a file.
  private static let diverted = Schema.object([.field("file", .string)])

  /// Of verbs that only change the session.
  private static let nothing = Schema.object([])

  private static let media = Schema.object([
    .field(
      "media",
      .array(
        .object([
          .field("name", .string), .field("path", .string), .field("sha256", .string),
          .field("width", .integer), .field("height", .integer), .optional("format", .string),
        ])))
  ])

  private static let settings = Schema.object([
    .field(
      "settings",
      .array(
        .object([.field("name", .string), .field("value", .string), .field("summary", .string)])))
  ])

  private static let verbList = Schema.object([
    .field(
      "verbs",
      .array(
        .object([
          .field("name", .string), .field("aliases", .array(.string)), .field("usage", .string),
          .field("summary", .string),
        ])))
  ])

  private static let attention = Schema.object([
    .field("method", .one(of: ["raw", "rollout", "relevance"])),
    .field("tower", .one(of: ["vision", "text"])),
    .field("layer", .either([.integer, .one(of: ["all", "pool"])])), .field("layers", .integer),
    .field("head", .either([.integer, .one(of: ["mean", "max"])])), .field("heads", .integer),
    .optional("token", .integer), .field("positions", .integer), .optional("on", .string),
    .optional("text", .string), .field("shape", .array(.integer)),
    .field("weights", .array(.real)), .field("outside", .real),
    .optional("sinks", .array(.integer)), .optional("pieces", .array(.string)),
    .optional("score", .real),
  ])

  private static let ranking: Schema = {
    let image = Schema.object([.field("name", .string), .field("sha256", .string)])
    let items = Schema.array(
      .object([
        .field("label", .string), .field("cosine", .real), .field("logit", .real),
        .field("probability", .real), .field("margin", .real),
      ]))
    return .object([
      .field("method", .constant("\"cosine\"")),
      .field(
        "results",
        .array(
          .object([
            .field("image", image), .field("items", items),
            .field("baseline", .object([.field("cosine", .real), .field("logit", .real)])),
            .optional("truth", .object([.field("label", .string), .field("place", .integer)])),
          ]))),
      .field("imageMs", .number), .field("labelMs", .number), .field("labels", .integer),
      .optional("image", image), .optional("items", items),
      .optional(
        "tally",
        .object([
          .field("right", .integer), .field("topFive", .integer), .field("total", .integer),
        ])),
    ])
  }()

  private static let plan = Schema.object([
    .field(
      "tokens",
      .object([
        .field(
          "prompts", .array(.object([.field("text", .string), .field("tokens", .integer)]))),
        .field("longest", .integer), .field("total", .integer),
      ])),
    .field("contextLeft", .integer),
    .field(
      "pictures",
      .array(
        .object([
          .field("name", .string), .field("rows", .integer), .field("columns", .integer),
          .field("patches", .integer),
        ]))),
    .field("weightBytes", .integer), .field("packedBytes", .integer),
    .field("activationBytes", .integer), .field("pictureBytes", .integer),
    .field("peakBytes", .integer), .field("memory", .integer),
  ])

  private static let inspection = Schema.object([
    .field("name", .string), .optional("family", .string),
    .field("knownFamilies", .array(.string)), .field("parameters", .integer),
    .field("bytes", .integer),
    .field("files", .array(.object([.field("path", .string), .field("format", .string)]))),
    .field(
      "configurations", .array(.object([.field("file", .string), .field("text", .string)]))),
    .field(
      "totals",
      .array(
        .object([
          .field("dtype", .string), .field("tensors", .integer), .field("parameters", .integer),
          .field("bytes", .integer),
        ]))),
    .field(
      "tensors",
      .array(
        .object([
          .field("name", .string), .field("dtype", .string), .field("shape", .array(.integer)),
          .field("bytes", .integer), .field("file", .string),
        ]))),
  ])

  private static let loading = Schema.either([
    .object([
      .field("name", .string), .field("alias", .string), .field("family", .string),
      .field("path", .string), .field("parameters", .integer), .field("bytes", .integer),
      .field("dtype", .string), .field("precision", .string),
      .field("abilities", .array(.string)), .field("loadMs", .number),
    ]),
    .object([
      .field(
        "checkpoints",
        .array(
          .object([
            .field("name", .string), .field("origin", .string), .optional("file", .string),
          ])))
    ]),
  ])

  private static let information = Schema.object([
    .field(
      "models",
      .array(
        .object([
          .field("alias", .string), .field("family", .string), .field("parameters", .integer),
          .field("bytes", .integer), .field("dtype", .string), .field("path", .string),
        ]))),
    .optional("current", .string), .field("isa", .string), .field("threads", .integer),
    .field("precision", .string), .field("media", .array(.string)),
  ])

  private static let help = Schema.object([
    .field("name", .string), .field("aliases", .array(.string)), .field("usage", .string),
    .field("summary", .string),
    .field("arguments", .array(.object([.field("usage", .string), .field("summary", .string)]))),
    .field("examples", .array(.string)),
  ])

  private static let preview = Schema.object([
    .field("name", .string), .field("width", .integer), .field("height", .integer),
    .optional("patches", .array(.integer)),
    .optional(
      "region",
      .object([
        .field("x", .number), .field("y", .number), .field("width", .number),
        .field("height", .number),
      ])),
  ])

  private static let checked = Schema.either([.string, .number])

  private static var data: [String: Schema] {
    [
      "load": loading, "image": media, "media": media, "rank": ranking, "plan": plan,
      "inspect": inspection, "attn": attention, "step": .either([attention, nothing]),
      "set": settings, "show": .either([information, settings, media]),
      "help": .either([help, verbList]), "apropos": verbList, "preview": preview,
      "print": .object([.field("text", .string)]),
      "source": .object([
        .field("file", .string), .field("commands", .integer), .field("failures", .integer),
      ]),
      "embed": .object([
        .field("kind", .one(of: ["image", "text"])), .field("of", .string),
        .field("encodeMs", .number), .field("vector", .array(.real)),
      ]),
      "search": .object([
        .field("query", .string), .field("searched", .integer), .field("skipped", .integer),
        .field("items", .array(.object([.field("path", .string), .field("cosine", .real)]))),
      ]),
      "bench": bench, "train": training,
      "export": .object([
        .field("path", .string), .field("bytes", .integer), .field("shape", .array(.integer)),
      ]),
      "check": .object([
        .field("expr", .string), .field("actual", checked), .field("expected", checked),
      ]),
    ]
  }

  private static let heldOut: Schema = {
    let share = [Schema.Field.field("top1", .number), .field("top5", .number)]
    return .object(
      [
        .field("step", .integer), .field("pictures", .integer), .field("labels", .integer),
        .field("byLanguage", .members(.object(share))),
      ] + share)
  }()

  private static let training = Schema.object([
    .field("folder", .string), .field("step", .integer), .field("steps", .integer),
    .field("interrupted", .boolean), .field("seconds", .number), .field("parameters", .integer),
    .optional("loss", .real), .optional("logitScale", .real),
    .optional("learningRate", .real), .optional("pairsPerSecond", .real),
    .optional("heldOut", heldOut), .field("skipped", .integer),
    .field(
      "skippedFiles", .array(.object([.field("path", .string), .field("problem", .string)]))),
  ])

  private static let bench = Schema.object([
    .field("isa", .string), .field("threads", .integer), .field("quick", .boolean),
    .field("kernels", .array(.object([
      .field("kernel", .string), .field("shape", .string), .field("threads", .integer),
      .field("unit", .string), .field("rate", .number), .field("best", .number),
      .field("ms", .number), .field("runs", .integer), .field("bound", .string),
      .optional("share", .number), .optional("bestShare", .number),
      .optional("pairsPerSecond", .number),
    ]))),
    .optional("peaks", .array(.object([
      .field("figure", .string), .field("threads", .integer), .field("unit", .string),
      .field("rate", .number),
    ]))),
  ])
}
